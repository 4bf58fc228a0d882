"""The records behind the sections of the page, by values worked out by hand."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results.choices import rows_of
from results.curves import Curve, read_curves
from results.entry import Entry
from results.looks import PUBLISHED
from results.measures import ACCURACY, TITLES
from results.page.choices import choices_section
from results.page.effects import Effect, effects_of, points
from results.page.front import front_section, traces_of
from results.page.glossary import WORDS
from results.page.html import script_data, shown
from results.page.networks import accuracies_of, boxes_in, coded, rounded
from results.page.progress import progress_section
from results.page.trials import failed_section
from results.progress import Progress, progress_of
from results.published import published_on
from results.random_search import read_random, write_random
from results.run_config import Reference
from results.run_record import read_run
from results.settings import settings_of
from results.tables import write_tables
from space import Architecture
from space.backbones import find_backbone
from space.family import find_family
from space.objective import OBJECTIVES


def test_accuracies_are_expected_where_there_was_a_regression(trials, config):
    complete = trials[trials["state"] == "complete"]
    assert accuracies_of(complete, config) == {"measured": "accuracy"}
    assert accuracies_of(complete.assign(expected=complete["accuracy"]), config) == {"measured": "accuracy"}
    found = accuracies_of(complete.assign(expected=complete["accuracy"] - 0.01), config)
    assert found == {"expected": "expected", "measured": "accuracy"}


def test_bars_are_told_where_there_are_any(trials, config, run_folder):
    assert "Bars show" not in body_of(trials, config, run_folder)
    smoothed = trials.assign(expected=trials["accuracy"] - 0.01)
    assert "Bars show" not in body_of(smoothed, config, run_folder)
    assert "Bars show" in body_of(smoothed.assign(expected_std=0.01), config, run_folder)


def body_of(trials, config, run_folder):
    write_tables(run_folder, trials, config, None)
    return front_section(read_run(run_folder), None).body


def test_rows_along_the_front_are_the_genes_that_differ(trials, config):
    entries = [Entry.of(row, config) for row in trials.loc[[1, 0, 2]].to_dict("records")]
    found = {row.gene: row.taken for row in rows_of(entries)}
    assert found == {
        name: tuple(trials.loc[[1, 0, 2], name]) for name in config.genes if trials.loc[[1, 0, 2], name].nunique() > 1
    }
    assert choices_section(entries[:1], config, "").body == ""


def test_a_choice_has_one_colour_in_all_rows_of_its_kind(trials, config):
    """Along these three networks layer2.k takes 0 and 2, layer4.k takes 0, 1 and 2."""
    entries = [Entry.of(row, config) for row in trials.loc[[1, 0, 2]].to_dict("records")]
    entries[2] = replace(entries[2], architecture=changed(entries[2].architecture, {"layer2.k": 2}))
    rows = {row.gene: row for row in rows_of(entries)}
    assert {row.taken for row in rows.values()} == {(1, 0, 2), (0, 0, 2)}
    assert {row.choices for row in rows.values()} == {(0, 1, 2)}
    blocks = [{"layer0.block": "post"}, {"layer0.block": "mid", "layer2.block": "mid"}, {"layer0.block": "mid"}]
    others = [replace(entry, architecture=changed(entry.architecture, it)) for entry, it in zip(entries, blocks)]
    assert {row.choices for row in rows_of(others) if row.kind == "block"} == {("pre", "mid", "post")}
    body = choices_section(entries, config, entries[1].key).body
    shades = {number: set(re.findall(rf"--depth:(\d+)%'>{number}<", body)) for number in range(3)}
    assert shades == {0: {"8"}, 1: {"29"}, 2: {"50"}}


def changed(network, choices):
    return Architecture.of(network.family, network.backbone, network.width, {**network.choices, **choices})


def test_columns_of_the_heat_map_are_named_by_cost_and_accuracy(trials, config):
    entries = [Entry.of(row, config) for row in trials.loc[[1, 0, 2]].to_dict("records")]
    body = choices_section(entries, config, entries[1].key).body
    heads = re.findall(r"data-key='(\w+)' title='([^']+)'[^>]*>(.*?)</button>", body)
    assert heads == [
        (entries[0].key, f"2,000 OPs, 70.00%, {entries[0].key}", "2k<br>70.0%"),
        (entries[1].key, f"recommended, 3,000 OPs, 80.00%, {entries[1].key}", "★<br>3k<br>80.0%"),
        (entries[2].key, f"4,000 OPs, 90.00%, {entries[2].key}", "4k<br>90.0%"),
    ]
    assert "<th scope='col'>OPs<br>accuracy</th>" in body


def test_words_of_the_readme_have_its_meanings():
    table = (Path(__file__).parents[3] / "README.md").read_text().partition("| word | meaning |\n|---|---|\n")[2]
    rows = [line.strip("| ").split(" | ") for line in table.partition("\n\n")[0].splitlines()]
    assert len(rows) == 4
    assert {word: WORDS[word] for word, _ in rows} == {word: meaning.replace("`", "") for word, meaning in rows}


def test_all_costs_and_measures_are_explained():
    words = ", ".join(WORDS).lower().split(", ")
    names = [*(name.replace("_", " ") for name in OBJECTIVES), *(title.lower() for title in TITLES.values())]
    assert {*names} - {"accuracy"} <= {*words}


def test_a_page_has_the_minus_of_print():
    assert shown("-0.0112 and -1: mid-k0, a-1, --seed, 2 - 1, <") == "−0.0112 and −1: mid-k0, a-1, --seed, 2 - 1, &lt;"


def test_traces_of_the_front_have_a_look_and_no_points(trials, config, run_folder):
    write_tables(run_folder, trials, config, None)
    plain = traces_of(read_run(run_folder), None)
    assert [trace["meta"] for trace in plain] == ["searched", "front", "hand", "best"]
    assert not any({"x", "y", "text"} & trace.keys() for trace in plain)
    overlaid = traces_of(read_run(run_folder), published_on("cifar10", ACCURACY))
    assert [trace["name"] for trace in overlaid][-1] == PUBLISHED


def test_settings_are_told_with_their_units(config):
    changes = {"networks": 72722038240051200, "max_ops": 259200.0, "limits": {"bytes": 20000}, "time_limit": 7200.0}
    told = settings_of(replace(config, **changes, seed=1234567, train_images=45000))
    assert told["networks"] == "7.3e16" and told["train_images"] == "45,000" and told["seed"] == "1234567"
    assert told["max_ops"] == "259,200 OPs" and told["limits"] == "bytes 20,000 B" and told["time_limit"] == "2 h 0 min"
    assert told["reference"] == "accuracy 0.1, ops 10,000 OPs" and told["validation"] == "0.4 of the training images"
    latency = {"objective": "latency", "latency": {"unit": "s", "title": "latency"}, "latency_peers": {"int8": 2e-3}}
    told = settings_of(replace(config, **latency, reference=Reference(accuracy=0.1, cost=5e-3)))
    assert told["latency_peers"] == "int8 2 ms" and told["reference"] == "accuracy 0.1, latency 5 ms"


def test_effects_are_those_that_made_the_accuracies(make_trials, config):
    """Accuracy is 0.5 + 0.02 layer0.k - 0.01 layer2.k + 0.03 log cost, and noise of 0.001."""
    rng = np.random.default_rng(0)
    trials = make_trials(*(("complete", "sampler", 0.5, float(ops)) for ops in rng.integers(2000, 9000, 60)))
    truth = 0.5 + 0.02 * trials["layer0.k"] - 0.01 * trials["layer2.k"] + 0.03 * np.log(trials["ops"])
    trials["accuracy"] = truth + 0.001 * rng.standard_normal(60)
    found = {effect.change: effect for effect in effects_of(trials, config)}
    assert found["layer0.k +1"].value == pytest.approx(0.02, abs=2 * found["layer0.k +1"].error)
    assert found["layer2.k +1"].value == pytest.approx(-0.01, abs=2 * found["layer2.k +1"].error)
    # The choices are balanced: the error of a slope is noise / (spread of k * root n).
    spread = np.sqrt(2 / 3)
    assert found["layer0.k +1"].error == pytest.approx(1.96 * 0.001 / (spread * np.sqrt(60)), rel=0.3)
    assert found["layer0.k +1"].verdict == "clear" != found["layer4.k +1"].verdict
    assert [effect.change for effect in effects_of(trials, config)][0] == "layer0.k +1"
    assert effects_of(trials[:5], config) == []


@pytest.mark.parametrize(
    "value, verdict", [(-0.033, "perhaps"), (0.062, "clear"), (-0.062, "clear"), (0.03, "not shown")]
)
def test_an_effect_barely_beyond_its_error_is_not_clear(value, verdict):
    assert Effect(change="k +1", value=value, error=0.0308).verdict == verdict


def test_a_difference_has_a_sign_unless_it_is_none():
    assert [points(value) for value in (-0.033, 0.0058, 0.00001, -0.00001)] == ["-3.30", "+0.58", "0.00", "0.00"]


def test_few_trials_give_effects_over_all_layers(make_trials, config):
    trials = make_trials(*(("complete", "sampler", 0.5, 2000.0 + 100 * (n * n % 7)) for n in range(11)))
    trials["accuracy"] = 0.5 + 0.02 * trials[["layer0.k", "layer2.k", "layer4.k"]].sum(axis=1)
    (effect,) = effects_of(trials, config)
    assert effect.change == "k +1, in one layer" and effect.value == pytest.approx(0.02)


def test_progress_by_hand(make_trials, config):
    """The box is 0.9 high and 10,000 wide."""
    trials = make_trials(
        ("complete", "sampler", 0.55, 5000.0),
        ("complete", "sampler", 0.5, 6000.0),
        ("complete", "sampler", 0.55, 2500.0),
        ("complete", "sampler", 0.2, 9000.0),
    )
    progress = progress_of(trials, config)
    assert progress.trials == [1, 3, 4]
    assert progress.seconds == [0.5, 1.5, 2.0]
    assert progress.hypervolume == [0.25, 0.375, 0.375]


def test_random_search_is_beside_the_search_over_trials_and_time(trials, config, tmp_path):
    random = Progress(trials=[2, 6], seconds=[1.0, 3.0], hypervolume=[0.5, 0.625])
    write_random(tmp_path, random)
    assert read_random(tmp_path) == random
    section = progress_section(trials, config, random)
    for name, times in (("by-trials", [2, 6]), ("by-seconds", [1.0, 3.0])):
        search, beside = section.figures[name]["data"]
        assert (search["name"], beside["name"]) == ("this search", "random search, expected")
        assert (list(beside["x"]), list(beside["y"])) == (times, [0.5, 0.625])
    assert "dashed" in section.body
    without = progress_section(trials, config)
    assert "dashed" not in without.body and len(without.figures["by-trials"]["data"]) == 1


@pytest.mark.parametrize(
    "content",
    [
        *(None, "[]", "{", '{"trials": [1]}'),
        *(
            f'{{"trials": [1], "seconds": [1], "hypervolume": [{number}]}}'
            for number in ("null", "NaN", "Infinity", "-1", "true", "1" + 400 * "0")
        ),
    ],
)
def test_a_random_search_that_cannot_be_read_is_left_out(tmp_path, content):
    if content is not None:
        (tmp_path / "random.json").write_text(content)
    assert read_random(tmp_path) is None


def test_a_random_search_of_another_study_is_removed(tmp_path):
    write_random(tmp_path, Progress(trials=[1], seconds=[1.0], hypervolume=[0.5]))
    for _ in range(2):
        write_random(tmp_path, None)
        assert not [*tmp_path.iterdir()]


def test_curves_are_read_and_what_is_broken_is_passed_over(tmp_path):
    for key, text in {
        "a": "epoch,loss,validation_top1,seconds\n1,2.0,0.5,3\n2,1.0,0.75,3\n",
        "b": "x\n1",
        "c": "",
    }.items():
        (tmp_path / "retrain" / key).mkdir(parents=True)
        (tmp_path / "retrain" / key / "metrics.csv").write_text(text)
    assert read_curves(tmp_path) == (Curve(key="a", epochs=(1, 2), accuracy=(0.5, 0.75)),)


def test_boxes_of_all_networks_by_their_place(config):
    """Of two networks; only the first one has a stem, as its share says."""
    networks = [Architecture.uniform("mobilenet-8", block="mid", k=k, pool="max") for k in (0, 1)]
    shares = {"stem": 0.5, **{f"layer{number}": 0.1 for number in range(5)}}
    places = boxes_in(networks, config, {networks[0].key: shares})
    first, second = ([place["values"][place["codes"][number]] for place in places] for number in (0, 1))
    assert [box[0] for box in first] == [*shares]
    assert first[:2] == [("stem", (), None, "", ""), ("layer0", ("mid", "K 0"), 8, "mid", "")]
    assert second[0] == ("layer0", ("mid", "K 1"), 8, "mid", "") and second[-1] is None


def test_accuracies_keep_the_digits_that_round_them():
    """At five digits 57.1054 % and 53.2549 % are ties, which the page would round the other way."""
    for share in (0.571054, 0.53255 - 1e-6, 1 / 3):
        found = rounded(share)
        assert found is not None and f"{found:.2%}" == f"{share:.2%}"


def test_values_are_coded_once():
    assert coded("abca") == {"values": ["a", "b", "c"], "codes": [0, 1, 2, 0]}
    assert coded("aaa") == {"values": ["a"], "codes": []}


def test_no_text_ends_the_script():
    assert script_data({"reason": "</script><!--&"}).count("<") == 2


def test_channels_follow_growth_and_width():
    network = Architecture.uniform("mobilenet-8")
    family = find_family("mobinet")
    channels = family.channels("mobilenet-8", 1.0, network.effective)
    assert channels == {f"layer{i}": outer for i, (_, outer, _) in enumerate(find_backbone("mobilenet-8", 1.0).layers)}
    wide = {**network.effective, "width": 200, "layer0.growth": 1}
    assert family.channels("mobilenet-8", 1.0, wide)["layer0"] == 8


def test_failed_trials_are_counted_and_long_reasons_folded(trials):
    page = failed_section(trials.assign(reason=f"OSError: {'<' * 100}"), {7: "no such gene"}).body
    assert "2 of 8 trials failed." in page and "<td data-label='reason'>no such gene</td>" in page
    folded = f"<details><summary>OSError: {'&lt;' * 91}</summary>{'&lt;' * 9}</details>"
    assert folded in page
