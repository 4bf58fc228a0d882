"""config.json: the settings of a run, fixed when it begins."""

import json

import pytest

from results.run_config import FREE_TO_CHANGE, settle_config, versions
from space import InputError

CONFIG = {"schema": 1, "seed": 0, "recipe": {"epochs": 2}, "data_dir": "a", "device": "cpu", "versions": {"torch": "2"}}


def test_is_written_once_and_holds_the_same_settings(tmp_path):
    settle_config(tmp_path, CONFIG)
    before = (tmp_path / "config.json").read_text()
    settle_config(tmp_path, {**CONFIG, **dict.fromkeys(FREE_TO_CHANGE, "other")})
    assert (tmp_path / "config.json").read_text() == before
    assert json.loads(before) == CONFIG


@pytest.mark.parametrize(
    "change, said",
    [
        ({"seed": 1}, "seed 0 there and 1 here"),
        ({"recipe": {"epochs": 3}}, "recipe.epochs 2 there and 3 here"),
        ({"new": 5}, "new None there and 5 here"),
        ({"fingerprint": "3a"}, "fingerprint of the training images None there and 3a here"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, change, said):
    settle_config(tmp_path, CONFIG)
    with pytest.raises(InputError) as error:
        settle_config(tmp_path, {**CONFIG, **change})
    assert said in str(error.value) and str(error.value).count(" there and ") == 1
    assert len(str(error.value).splitlines()) == 1


def test_a_run_from_before_a_setting_existed_goes_on(tmp_path):
    settle_config(tmp_path, CONFIG)
    settle_config(tmp_path, {**CONFIG, "evaluator": "proxy"})
    with pytest.raises(InputError, match="evaluator proxy there and supernet here"):
        settle_config(tmp_path, {**CONFIG, "evaluator": "supernet"})


@pytest.mark.parametrize("content", ["[]", "{", '{"schema": 2}', ""])
def test_what_is_no_config_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="config.json"):
        settle_config(tmp_path, CONFIG)


def test_versions_are_those_installed():
    import torch

    assert versions()["torch"] == torch.__version__.split("+")[0] or versions()["torch"] == torch.__version__
    assert set(versions()) >= {"python", "torch", "optuna", "numpy"}
