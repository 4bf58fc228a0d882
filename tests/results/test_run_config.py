"""config.json: the settings of a run, fixed when it begins."""

import json
from dataclasses import replace

import pytest

from results.files import write_json
from results.run_config import FREE_TO_CHANGE, Reference, read_config
from results.settle_config import settle_config
from space import InputError


def test_is_written_once_and_holds_the_same_settings(tmp_path, config):
    settle_config(tmp_path, config)
    before = (tmp_path / "config.json").read_text()
    settle_config(tmp_path, replace(config, **dict.fromkeys(FREE_TO_CHANGE, "other")))
    assert (tmp_path / "config.json").read_text() == before
    assert read_config(tmp_path) == config


def test_on_disk_the_settings_of_an_evaluator_stand_beside_the_others(tmp_path, config):
    settle_config(tmp_path, replace(config, evaluator_settings={"paths": "uniform"}))
    stored = json.loads((tmp_path / "config.json").read_text())
    assert (stored["schema"], stored["paths"], stored["dataset"]) == (1, "uniform", "digits")
    assert stored["reference"] == {"accuracy": 0.1, "ops": 10000.0}
    assert read_config(tmp_path).evaluator_settings == {"paths": "uniform"}


@pytest.mark.parametrize(
    "change, said",
    [
        ({"seed": 1}, "seed 0 there and 1 here"),
        ({"recipe": {"epochs": 4}}, "--epochs 3 there and 4 here"),
        ({"evaluator_settings": {"new": 5}}, "new not given there and 5 here"),
        ({"reference": Reference(accuracy=0.1, cost=5.0)}, "reference.ops 10000 there and 5 here"),
        ({"fingerprint": "3a"}, "fingerprint of the training images 0123456789abcdef there and 3a here"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, config, change, said):
    settle_config(tmp_path, config)
    with pytest.raises(InputError) as error:
        settle_config(tmp_path, replace(config, **change))
    assert said in str(error.value) and str(error.value).count(" there and ") == 1
    assert len(str(error.value).splitlines()) == 1


def test_a_run_from_before_a_setting_existed_goes_on(tmp_path, config):
    stored = config.to_dict()
    for name in ("evaluator", "fidelity", "objective", "published_as"):
        del stored[name]
    write_json(tmp_path / "config.json", {**stored, "dataset": "imagefolder"})
    settle_config(tmp_path, replace(config, dataset="imagefolder", evaluator="proxy", fidelity="full"))
    assert read_config(tmp_path).published_as == "imagenet"
    with pytest.raises(InputError, match="evaluator proxy there and supernet here"):
        settle_config(tmp_path, replace(config, dataset="imagefolder", evaluator="supernet"))


@pytest.mark.parametrize("content", ["[]", "{", '{"schema": 2}', '{"schema": 1}', ""])
def test_what_is_no_config_is_refused(tmp_path, config, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="config.json"):
        settle_config(tmp_path, config)


@pytest.mark.parametrize(
    "field, value",
    [
        ("seed", "0"),
        ("seed", True),
        ("max_ops", "5"),
        ("recipe", []),
        ("reference", {"accuracy": 0.1}),
        ("genes", 1),
        ("objective", ["ops"]),
        ("reference", {"accuracy": 0.1, "ops": "x"}),
    ],
)
def test_a_field_of_another_type_is_named(tmp_path, config, field, value):
    write_json(tmp_path / "config.json", {**config.to_dict(), field: value})
    with pytest.raises(InputError, match=f"field {field} "):
        read_config(tmp_path)


def test_an_objective_that_there_is_not_is_named(tmp_path, config):
    reference = {"accuracy": 0.1, "nope": 1.0}
    write_json(tmp_path / "config.json", {**config.to_dict(), "objective": "nope", "reference": reference})
    with pytest.raises(InputError, match="config.json: no objective is called 'nope'"):
        read_config(tmp_path)


@pytest.mark.parametrize("peers", [{"v1": "fast"}, {"v1": -1}, {"v1": float("nan")}])
def test_latencies_of_other_networks_are_numbers(tmp_path, config, peers):
    write_json(tmp_path / "config.json", {**config.to_dict(), "latency_peers": peers})
    with pytest.raises(InputError, match="latency_peers holds no latencies"):
        read_config(tmp_path)
