"""Networks that are trained first: from a file, and from the front of another run."""

import json
from random import Random

import pandas as pd
import pytest
from fakes import open_study, small_space

import search.run
from results.files import read_json
from search.task import Evaluation
from search.warm_start import carried_over, networks_of, read_networks
from space import Architecture, InputError, load_space

FLAGS = "--epochs", 1, "--workers", 0


def test_each_kind_of_file_is_read(tmp_path):
    space = load_space()
    one, other = (Architecture.uniform("mobilenet-8", block=block, k=1) for block in ("pre", "post"))
    best = {"accuracy": 0.5, "architecture": one.to_dict()}
    files = {
        "best": (best, [one]),
        "pareto": ({"hypervolume": 0.1, "front": [best, {"architecture": other.to_dict()}]}, [one, other]),
        "list": ([other.to_dict(), one.to_dict(), other.to_dict()], [other, one]),
        "entries": ([best], [one]),
    }
    for name, (content, wanted) in files.items():
        (tmp_path / name).write_text(json.dumps(content))
        assert [n.key for n in read_networks(tmp_path / name, space)] == [n.key for n in wanted]


@pytest.mark.parametrize(
    "content, complaint",
    [
        ("{", "is not JSON"),
        ("[]", "holds no networks"),
        ("3", "holds no networks"),
        ('{"front": 1}', "holds no networks"),
        ("[3]", "an architecture is an object"),
        (json.dumps(Architecture.uniform("mobilenet-8", block="pre", k=2).to_dict()), "does not hold pre2"),
        (json.dumps(Architecture.uniform("mobilenet-8", width=2).to_dict()), "at width 2, this search .* --from RUN"),
    ],
)
def test_what_the_space_does_not_hold_is_refused(tmp_path, content, complaint):
    (tmp_path / "file.json").write_text(content)
    with pytest.raises(InputError, match=complaint):
        read_networks(tmp_path / "file.json", small_space(k=[0, 1]))


def test_a_network_is_carried_over_to_another_width_and_another_number_of_layers():
    wide = Architecture.uniform("mobilenet-8", width=2, block="mid", k=3, pool="max")
    narrow = carried_over(wide, load_space(width=0.5))
    assert narrow.key == Architecture.uniform("mobilenet-8", width=0.5, block="mid", k=3, pool="max").key
    longer = carried_over(wide, load_space("paper.toml", input_shape=(3, 32, 32)))
    assert longer.key == Architecture.uniform("mobilenet-32", block="mid", k=3, pool="max").key
    bounded = carried_over(wide, small_space(block=["pre", "mid"], k=[0, 1]))
    # of the poolings the space has one, and of K up to 1 the nearest to 3
    assert bounded.key == Architecture.uniform("mobilenet-8", block="mid", k=1, pool="avg").key


def test_layers_that_a_network_lacks_are_as_its_last_one():
    """Whose kernel is the default, which the network does not name; layers that do not exist are none."""
    longer = load_space(input_shape=(3, 32, 32)).restrict({"kernel": [3, 5]})
    uniform = Architecture.uniform("mobilenet-8", block="mid", k=1, pool="max").all_choices
    for change, kernel, k in (({"layer1.kernel": 5}, 3, 1), ({"layer4.kernel": 5, "layer4.k": 2}, 5, 2)):
        network = Architecture(backbone="mobilenet-8", genes=uniform | change)
        carried = carried_over(network, longer).all_choices
        assert {carried[f"layer{index}.kernel"] for index in range(5, 13)} == {kernel}
        assert {carried[f"layer{index}.k"] for index in range(5, 13)} == {k}
    ends = Architecture(backbone="mobilenet-8", genes=uniform | {"stage1.depth": 0, "layer4.k": 3})
    assert {carried_over(ends, longer).all_choices[f"layer{index}.k"] for index in range(5, 13)} == {1}


def test_given_networks_come_first_and_are_named_so(tmp_path):
    space = small_space(block=["pre", "mid", "post"], k=[0, 1, 2])
    first = tuple(space.sample(Random(seed)) for seed in range(3))
    mixed = (*first, space.baselines()[0])
    study = open_study(tmp_path, space, first=mixed)
    for _ in range(5):
        study.tell(study.ask().number, Evaluation(accuracy=0.5, epochs=1, seconds=0.1))
    table = study.table()
    assert table["key"][:4].tolist() == [network.key for network in mixed]
    assert table["source"].tolist() == ["enqueued"] * 3 + ["baseline"] * 2
    study.close()
    again = open_study(tmp_path, space)  # which is not given them
    assert again.table()["source"].tolist() == table["source"].tolist()


def test_the_command_from_start_to_resume(judged, tmp_path, instant, invoke):
    entries = read_json(judged / "pareto.json")["front"]
    limit = sorted(entry["cost"]["ops"] for entry in entries)[1]
    out, file = tmp_path / "run", judged / "pareto.json"
    ended = invoke(search.run, "--trials", 2, *FLAGS, "--out", out, "--enqueue", file, "--max-ops", limit)
    assert f"before these, 2 networks that were given; {len(entries) - 2} above a limit are left out" in ended.out
    assert pd.read_csv(out / "trials.csv")["key"].tolist() == [entry["key"] for entry in entries[:2]]
    assert len(read_json(out / "config.json")["enqueued"]) == len(entries)
    assert invoke(search.run, "--trials", 3, *FLAGS, "--out", out).code == 0  # without the flag: as it was begun
    refused = invoke(search.run, "--trials", 3, *FLAGS, "--out", out, "--enqueue", judged / "best.json")
    assert refused.code == 2
    assert (
        f"the networks of --enqueue and --from: {len(entries)} (digest" in refused.err and "and 1 (dig" in refused.err
    )


def test_the_front_of_a_run_at_another_width(judged, tmp_path, instant, invoke):
    entries = read_json(judged / "pareto.json")["front"]
    out = tmp_path / "run"
    trials = len(entries)
    ended = invoke(search.run, "--trials", trials, *FLAGS, "--out", out, "--width", 2, "--from", judged)
    assert f"before these, {trials} networks that were given\n" in ended.out
    table = pd.read_csv(out / "trials.csv")
    for row, entry in zip(table.to_dict("records"), entries):
        genes = entry["architecture"]["genes"]
        assert {name: row[name] for name in genes if "pool" in name} == {n: v for n, v in genes.items() if "pool" in n}


def test_a_run_of_another_family_is_refused(judged):
    with pytest.raises(InputError, match="is a search of mobinet, and this is one of group-conv"):
        networks_of(None, judged, load_space("group-conv"))
    with pytest.raises(InputError, match="config.json"):
        networks_of(None, judged / "nothing", load_space())
