"""config.json: the settings of a run, fixed when it begins."""

import json

import pytest

from search.config import FREE_TO_CHANGE, settle_config, versions
from space import InputError

CONFIG = {"schema": 1, "seed": 0, "recipe": {"epochs": 2}, "data_dir": "a", "device": "cpu", "versions": {"torch": "2"}}


def test_is_written_once_and_holds_the_same_settings(tmp_path):
    settle_config(tmp_path, CONFIG)
    before = (tmp_path / "config.json").read_text()
    settle_config(tmp_path, {**CONFIG, **dict.fromkeys(FREE_TO_CHANGE, "other")})
    assert (tmp_path / "config.json").read_text() == before
    assert json.loads(before) == CONFIG


@pytest.mark.parametrize("name, value", [("seed", 1), ("recipe", {"epochs": 3}), ("new", 5)])
def test_other_settings_are_refused_by_name(tmp_path, name, value):
    settle_config(tmp_path, CONFIG)
    with pytest.raises(InputError) as error:
        settle_config(tmp_path, {**CONFIG, name: value})
    assert f"{name} {CONFIG.get(name)} there and {value} here" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("content", ["[]", "{", '{"schema": 2}', ""])
def test_what_is_no_config_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="config.json"):
        settle_config(tmp_path, CONFIG)


def test_versions_are_those_installed():
    import torch

    assert versions()["torch"] == torch.__version__.split("+")[0] or versions()["torch"] == torch.__version__
    assert set(versions()) >= {"python", "torch", "optuna", "numpy"}
