"""What a retraining is asked to train is counted again and held against its file."""

import json
from dataclasses import asdict

import pytest

from mobinet import cost
from search.target import read_target
from space import Architecture, InputError

NETWORKS = [Architecture.uniform("mobilenet-8", block=block, k=2, pool="max").canonical() for block in ("pre", "mid")]


def entry(network: Architecture) -> dict:
    counted = cost(network, 10)
    return {
        "schema": 1,
        "key": network.key,
        "architecture": network.to_dict(),
        "accuracy": 0.5,
        "cost": {**asdict(counted), "ops": counted.ops},
        "dataset": "digits",
        "data_dir": "data",
        "num_classes": 10,
    }


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "file.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def refused(path, key=None) -> str:
    with pytest.raises(InputError) as error:
        read_target(path, key)
    assert len(str(error.value).splitlines()) == 1 and str(path) in str(error.value)
    return str(error.value)


def test_an_entry_is_read(write):
    for key in (None, NETWORKS[0].key):
        target = read_target(write(entry(NETWORKS[0])), key)
        assert (target.architecture, target.dataset, target.data_dir) == (NETWORKS[0], "digits", "data")


def test_one_of_several_is_chosen_by_its_key(write):
    path = write({"front": [entry(network) for network in NETWORKS]})
    assert read_target(path, NETWORKS[1].key).architecture == NETWORKS[1]
    for key in (None, "0123456789ab"):
        message = refused(path, key)
        assert all(network.key in message for network in NETWORKS)
    assert "--key" in refused(path)


@pytest.mark.parametrize("name", ["ops", "flops", "bops", "padded_bops", "elementwise", "params", "bytes"])
def test_an_altered_cost_is_refused(write, name):
    altered = entry(NETWORKS[0])
    altered["cost"][name] += 1
    assert f"states {name}" in refused(write(altered))
    del altered["cost"][name]
    refused(write(altered))


@pytest.mark.parametrize(
    "field, value", [("key", "0123456789ab"), ("num_classes", 11), ("architecture", NETWORKS[1].to_dict())]
)
def test_an_altered_entry_is_refused(write, field, value):
    assert "the file was changed" in refused(write({**entry(NETWORKS[0]), field: value}))


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", "3", '"text"', "{}", '{"front": []}', '{"front": {}}', '{"front": null}', '{"front": 3}',
     '{"front": [3]}', "[[]]"],
)  # fmt: skip
def test_what_is_no_entry_is_refused(write, content):
    refused(write(content))


WRONG = [
    (field, value)
    for field in ("key", "architecture", "cost", "dataset", "data_dir", "num_classes")
    for value in (None, 3, "x", [], {}, -1, True, {"family": []})
    if (field, value) not in (("dataset", "x"), ("data_dir", "x"))
]


@pytest.mark.parametrize("field, value", WRONG)
def test_a_field_of_the_wrong_type_is_refused(write, field, value):
    refused(write({**entry(NETWORKS[0]), field: value}))


@pytest.mark.parametrize("name", ["family", "backbone", "width", "genes"])
@pytest.mark.parametrize("value", [None, 3, "x", [], {}, -1.5, 1e300])
def test_an_architecture_that_makes_no_sense_is_refused(write, name, value):
    refused(write({**entry(NETWORKS[0]), "architecture": {**NETWORKS[0].to_dict(), name: value}}))


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "nowhere.json")
