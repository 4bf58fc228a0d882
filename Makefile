PYTHON ?= python3
VENV = .venv
READY = $(VENV)/.ready
TABLES = benchmarks/tables

.PHONY: search test docs clean

search: $(READY)
	$(VENV)/bin/python -m search.run --trials 200

test: $(READY)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/basedpyright --level error
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

docs: $(READY)
	$(VENV)/bin/pip install --quiet --editable '.[docs]'
	$(VENV)/bin/python -m docs.reference
	$(VENV)/bin/python -m results.report $(TABLES)/cifar10-front --format svg --out docs/pictures
	$(VENV)/bin/python -m benchmarks.retrained.searched_vs_handmade $(TABLES)/cifar10-front $(TABLES)/cifar10-random \
		--seeds 3 --epochs 5 --batch-size 256 --learning-rate 0.01 --device cpu \
		--table $(TABLES)/cifar10-full.csv --plot docs/pictures/searched.svg
	$(VENV)/bin/mkdocs build --strict

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV)
