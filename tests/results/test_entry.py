"""Entries of best.json and pareto.json: what is written is read again, and what was altered is refused."""

import json
from dataclasses import asdict, replace

import pytest

from mobinet import cost
from results.entry import Entry, architecture_of, read_entry
from results.files import write_json, write_sums
from results.front import Front, read_front
from results.noise import Noise
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
        read_entry(path, key, count=cost)
    assert len(str(error.value).splitlines()) == 1 and str(path) in str(error.value)
    return str(error.value)


def test_an_entry_is_read(write):
    for key in (None, NETWORKS[0].key):
        found = read_entry(write(entry(NETWORKS[0])), key, count=cost)
        assert (found.architecture, found.dataset, found.data_dir) == (NETWORKS[0], "digits", "data")
        assert (found.cost, found.accuracy, found.expected, found.rule) == (cost(NETWORKS[0], 10), 0.5, None, "")


def test_one_of_several_is_chosen_by_its_key(write):
    path = write({"front": [entry(network) for network in NETWORKS]})
    assert read_entry(path, NETWORKS[1].key, count=cost).architecture == NETWORKS[1]
    for key in (None, "0123456789ab"):
        assert "the keys of the front are in pareto.csv" in refused(path, key)
    assert "--key" in refused(path)


@pytest.mark.parametrize("name", ["ops", "flops", "bops", "padded_bops", "elementwise", "params", "bytes"])
def test_an_altered_cost_is_refused(write, name):
    altered = entry(NETWORKS[0])
    altered["cost"][name] += 1
    assert f"states {name}" in refused(write(altered))
    del altered["cost"][name]
    refused(write(altered))


@pytest.mark.parametrize("name", ["ram", "latency"])
def test_an_altered_cost_that_is_not_counted_is_refused(write, name):
    stated = entry(NETWORKS[0])
    stated["cost"][name] = 3
    path = write(stated)
    write_sums(path.parent, path.name)
    assert read_entry(path, count=cost).measured == {name: 3}
    stated["cost"][name] = 4
    assert "was changed since it was written" in refused(write(stated))


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
    for field in ("key", "architecture", "accuracy", "cost", "dataset", "data_dir", "num_classes")
    for value in (None, 3, "x", [], {}, -1, True, {"family": []})
    if (field, value) not in (("dataset", "x"), ("data_dir", "x"), ("accuracy", 3), ("accuracy", -1))
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


def test_what_is_written_is_read_again(tmp_path, trials, config):
    row = trials.loc[2].to_dict()
    written = Entry.of({**row, "expected": 0.875}, config, rule="a rule")
    write_json(tmp_path / "best.json", written.to_dict())
    assert Entry.from_dict(json.loads((tmp_path / "best.json").read_text()), tmp_path / "best.json") == written
    assert (written.accuracy, written.expected, written.cost.ops) == (0.9, 0.875, 4000.0)
    front = Front(
        entries=(written, Entry.of(row, config)),
        reference=config.reference,
        hypervolume=0.25,
        noise=Noise(std=0.01, pairs=8),
    )
    for written in (front, replace(front, noise=None)):
        write_json(tmp_path / "pareto.json", written.to_dict("ops"))
        assert read_front(tmp_path / "pareto.json", config) == written


@pytest.mark.parametrize("name", ["front", "hypervolume", "noise"])
@pytest.mark.parametrize("value", ["x", {}, [3], True])
def test_a_damaged_front_is_refused(run_folder, config, name, value):
    path = run_folder / "pareto.json"
    write_json(path, {**json.loads(path.read_text()), name: value})
    with pytest.raises(InputError, match="pareto.json is not what a search writes"):
        read_front(path, config)


def test_a_foreign_column_is_no_gene(trials, config):
    row = trials.loc[0].to_dict()
    network = architecture_of({**row, "note": "a column of the user's", "layer9.k": 1}, config)
    assert network == architecture_of(row, config)
    assert network.choices == {name: row[name] for name in config.genes}
    del row["layer2.k"]
    with pytest.raises(InputError, match="lacks the gene layer2.k"):
        architecture_of(row, config)
