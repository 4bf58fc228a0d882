PYTHON ?= python3
VENV = .venv
READY = $(VENV)/.ready

.PHONY: search test docs clean

search: $(READY)
	$(VENV)/bin/python -m search.run --trials 200

test: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/basedpyright --level error
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile

docs: $(READY)
	$(VENV)/bin/pip install --quiet --editable '.[docs]'
	$(VENV)/bin/python -m docs.reference
	$(VENV)/bin/mkdocs build --strict

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV)
