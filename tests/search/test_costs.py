"""Every cost can be minimised and limited, alone and with others, and shown of a run that has ended."""

import json
import operator
from functools import cache
from random import Random
from statistics import median

import pandas as pd
import pytest

import results.report
import search.refresh
import search.retrain
import search.run
from mobinet import cost
from mobinet.export.memory import ram
from mobinet.latency.table import WHOLE, LatencyTable, kernels_digest, name_of_check, piece_names, read_table
from results.run_config import read_config
from search.flags import amount, latency
from space import load_space
from space.bounds import affordable
from space.device_profile import PROFILES, read_profile
from space.errors import InputError
from space.objective import OBJECTIVES

RULES = {"block": ["pre", "mid"], "k": [0], "pool": ["avg"], "layer1": {"k": [0, 1]}, "layer3": {"k": [0, 2]}}
SPACE = load_space().restrict(RULES)


@pytest.fixture
def flags(tmp_path, instant):
    lines = [f"{name} = {value}" for name, value in RULES.items() if isinstance(value, list)]
    lines += [f"[{name}]\nk = {rule['k']}" for name, rule in RULES.items() if isinstance(rule, dict)]
    (tmp_path / "small.toml").write_text("\n".join(lines))
    return "--epochs", 1, "--workers", 0, "--space", tmp_path / "small.toml", "--out", tmp_path / "run"


@cache
def names() -> tuple[str, ...]:
    """Of all pieces of the space."""
    return tuple({name: None for network in SPACE for name in piece_names(network, 10)})


@pytest.fixture
def table(tmp_path):
    """A table in which a piece takes as many milliseconds as its name has letters."""
    values = {name: len(name) / 1e3 for name in names()} | {name_of_check(WHOLE, "mobilenet-8", 1.0, "0a"): 1.0}
    path = tmp_path / "toy.csv"
    head = {"target": "toy", "machine": "m", "unit": "s", "kernels": kernels_digest(), "compiler": "cc"}
    LatencyTable(**head, path=path, values=values).write()
    return path


def trials_of(folder):
    return pd.read_csv(folder / "trials.csv", dtype={"key": str})


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name != "latency"])
def test_each_cost_is_minimised(name, flags, invoke):
    ended = invoke(search.run, "--trials", 12, "--cost", name, *flags)
    assert ended.code == 0, ended.err
    trials, front = trials_of(flags[-1]), pd.read_csv(flags[-1] / "pareto.csv")
    assert front[name].is_monotonic_increasing and trials[name].min() == front[name].min()
    assert OBJECTIVES[name].unit in ended.out
    page = (flags[-1] / "report.html").read_text()
    assert (f"By OPs and by {name}" in page) == (name != "ops")


def test_the_working_memory_is_that_of_the_exported_network(flags, invoke):
    assert invoke(search.run, "--trials", 4, "--cost", "ram", *flags).code == 0
    entries = json.loads((flags[-1] / "pareto.json").read_text())["front"]
    found = {network.key: ram(network, 10) for network in SPACE}
    assert all(entry["cost"]["ram"] == found[entry["key"]] for entry in entries)


def test_all_limits_hold_together(flags, invoke, table):
    counted = [cost(network, 10) for network in SPACE]
    seconds = [sum(len(name) for name in piece_names(network, 10)) / 1e3 for network in SPACE]
    limits = {
        "ops": median(c.ops for c in counted),
        "bytes": median(c.bytes for c in counted),
        "latency": median(seconds),
    }
    fitting = sum(
        c.ops <= limits["ops"] and c.bytes <= limits["bytes"] and s <= limits["latency"]
        for c, s in zip(counted, seconds)
    )
    assert 10 < fitting < SPACE.size / 2  # so that each limit forbids what the others allow
    given = {**limits, "latency": f"{limits['latency']!r}s"}
    words = [word for name, limit in given.items() for word in (OBJECTIVES[name].flag, limit)]
    ended = invoke(search.run, "--trials", SPACE.size, "--cost", "params", "--latency", table, *words, *flags)
    assert ended.code == 0, ended.err
    trials = trials_of(flags[-1])
    assert len(trials) == fitting
    for name, limit in limits.items():
        assert trials[name].max() <= limit


def test_a_latency_is_read_from_the_table(flags, invoke, table):
    ended = invoke(search.run, "--trials", 6, "--cost", "latency", "--latency", table, *flags)
    assert ended.code == 0 and " s  " in ended.out
    trials = trials_of(flags[-1])
    sums = {network.key: sum(len(name) for name in piece_names(network, 10)) for network in SPACE}
    assert trials["latency"].tolist() == pytest.approx([sums[key] / 1e3 for key in trials["key"]])
    resumed = invoke(search.run, "--trials", 7, *flags)  # by the same cost and table, without naming them again
    assert resumed.code == 0 and len(trials_of(flags[-1])) == 7


def test_another_cost_or_table_is_refused_on_a_resumed_run(flags, invoke, table):
    assert invoke(search.run, "--trials", 2, "--cost", "latency", "--latency", table, *flags).code == 0
    ended = invoke(search.run, "--trials", 3, "--cost", "bytes", *flags)
    assert ended.code == 2 and "--cost latency there and bytes here" in ended.err
    table.write_text(table.read_text().replace("0.0", "0.9"))
    ended = invoke(search.run, "--trials", 3, *flags, "--latency", table)
    assert ended.code == 2 and "settings: the latencies of --latency, by their digest, " in ended.err
    table.write_text(table.read_text().replace("toy", "other"))
    ended = invoke(search.run, "--trials", 3, *flags, "--latency", table)
    assert "settings: the target of --latency toy there and other here" in ended.err
    assert "title" not in ended.err and "reference" not in ended.err


def test_limits_are_taken_up_when_a_run_is_resumed(flags, invoke):
    limits = "--max-ops", 4300, "--max-bytes", "9.1k", "--max-ram", "64k"
    assert invoke(search.run, "--trials", 3, *limits, *flags).code == 0
    assert invoke(search.run, "--trials", 9, *flags).code == 0
    trials = trials_of(flags[-1])
    assert len(trials) == 9 and trials["ops"].max() <= 4300 and trials["bytes"].max() <= 9100
    ended = invoke(search.run, "--trials", 12, *flags, "--max-ops", 4200)
    assert ended.code == 2 and "settings: --max-ops 4300 there and 4200 here; repeat" in ended.err


def test_a_run_keeps_its_table_of_latencies(flags, invoke, table):
    """Resumed, and drawn again, after the table was moved away; with its limit in seconds."""
    more = "--cost", "latency", "--latency", table, "--max-latency", "500s"
    assert invoke(search.run, "--trials", 2, *more, *flags).code == 0
    moved = table.rename(table.with_name("moved.csv"))
    for again in ((), ("--latency", moved)):
        ended = invoke(search.run, "--trials", 3 + len(again), *flags, *again)
        assert ended.code == 0, ended.err
    assert len(trials_of(flags[-1])) == 5
    assert invoke(search.refresh, flags[-1]).code == 0


def test_what_a_table_holds_of_other_spaces_is_the_same_to_a_run(flags, invoke, table):
    more = "--cost", "latency", "--latency", table
    assert invoke(search.run, "--trials", 2, *more, *flags).code == 0
    other = name_of_check(WHOLE, "mobilenet-8", 0.5, "0a")
    grown = read_table(table)
    grown.values |= {"a piece of another width": 1.0, other: 2.0}
    grown.write()
    assert invoke(search.run, "--trials", 3, *flags).code == 0


def test_a_table_that_is_not_finished_is_refused(flags, invoke, table):
    table.write_text("".join(line for line in table.read_text().splitlines(True) if "whole network" not in line))
    ended = invoke(search.run, "--trials", 2, "--cost", "latency", "--latency", table, *flags)
    assert ended.code == 2 and "not finished for mobilenet-8 at width 1; repeat" in ended.err


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (("--cost", "latency"), "needs --latency TABLE"),
        (("--max-latency", "5ms"), "needs --latency TABLE"),
        (("--cost", "latency", "--latency", "nowhere.csv"), "nowhere.csv"),
        (("--latency", "nowhere.csv"), "--latency is for"),
        (("--max-ram", 100), "raise --max-ram"),
        (("--max-bytes", 10, "--cost", "ram"), "raise --max-bytes"),
        (("--device-profile", "toaster"), "toaster is neither one of"),
        (("--cost", "ram", "--space", "mobilenet-v1"), "mobilenet-v1"),
    ],
)
def test_what_cannot_be_is_one_line(flags, invoke, more, complaint):
    ended = invoke(search.run, "--trials", 1, *flags, *more)
    assert ended.code == 2 and len(ended.err.splitlines()) == 1 and complaint in ended.err
    assert "timing" not in ended.out  # it is said at once


@pytest.mark.parametrize(
    "name, count, noun",
    [
        ("ram", lambda network: ram(network, 10), "B of RAM"),
        ("bytes", lambda network: cost(network, 10).bytes, "B of weights"),
        ("ops", lambda network: cost(network, 10).ops, "OPs"),
    ],
)
def test_a_limit_below_all_networks_says_the_least_and_what_it_is_of(flags, invoke, name, count, noun):
    least = min(map(count, SPACE))
    ended = invoke(search.run, "--trials", 1, f"--max-{name}", 100, *flags)
    assert f"every network of this space costs at least {least:,.0f} {noun}; raise --max-{name} to " in ended.err


def test_limits_that_exclude_each_other_say_which_values_fit(flags, invoke, table):
    latencies = read_table(table)
    costs = [(cost(network, 10).bytes, latencies.latency(network, 10)) for network in SPACE]
    size, seconds = map(min, zip(*costs))
    assert (size, seconds) not in costs
    enough_bytes = min(each for each, slow in costs if slow <= seconds)
    enough = OBJECTIVES["latency"].as_limit(min(slow for each, slow in costs if each <= size))
    more = "--cost", "bytes", "--latency", table, "--max-bytes", size
    ended = invoke(search.run, "--trials", 1, *more, f"--max-latency={seconds * (1 + 1e-9)!r}s", *flags)
    assert ended.code == 2
    assert f"together; a network fits with --max-bytes {enough_bytes} or with --max-latency {enough}" in ended.err
    assert invoke(search.run, "--trials", 1, *more, "--max-latency", enough, *flags).code == 0


def test_a_limit_that_is_proposed_allows_its_cost():
    rng = Random(0)
    for seconds in [1e-3, 5e-6, 2.0, *(10 ** rng.uniform(-8, 3) for _ in range(200))]:
        assert seconds <= latency(OBJECTIVES["latency"].as_limit(seconds)) <= 1.011 * seconds
    assert OBJECTIVES["ops"].as_limit(4300.25) == "4301"


def test_hand_designed_networks_above_a_limit_are_left_out(flags, invoke):
    costs = sorted(cost(network, 10).ops for network in SPACE.baselines())
    limit = costs[0]
    within = sum(ops <= limit for ops in costs)
    ended = invoke(search.run, "--trials", len(costs), "--max-ops", limit, *flags)
    assert f"; {within} designed by hand are trained first, {len(costs) - within} above a limit" in ended.out
    trials = trials_of(flags[-1])
    assert (trials["source"] == "baseline").sum() == within and len(trials) == len(costs)


def test_a_retraining_says_the_cost_of_the_search(flags, invoke, table):
    assert invoke(search.run, "--trials", 2, "--cost", "latency", "--latency", table, *flags).code == 0
    entry = json.loads((flags[-1] / "best.json").read_text())
    said = f"latency (s) on toy: {OBJECTIVES['latency'].show(entry['cost']['latency'])}"
    ended = invoke(search.retrain, flags[-1] / "best.json", "--epochs", 1)
    assert ended.code == 0 and ended.out.count(said) == 2
    page = (flags[-1] / "report.html").read_text().replace("\n", "")
    assert page.count(">latency (s)</th>") >= 2 and ">bytes (B)</th>" in page and ">OPs</th>" in page


@pytest.mark.parametrize("text", ["5 weeks", "-1ms", "ms", "nan", "0s"])
def test_a_latency_is_a_number_with_a_unit(flags, invoke, text):
    ended = invoke(search.run, f"--max-latency={text}", *flags)
    assert ended.code == 2 and "--max-latency" in ended.err


def test_units():
    assert (latency("5ms"), latency("800us"), latency("2s"), latency("3e6")) == (5e-3, pytest.approx(8e-4), 2, 3e6)
    assert (amount("64000"), amount("64k"), amount("64KiB"), amount("1MiB")) == (64000, 64000, 65536, 1048576)


def test_a_latency_is_limited_in_the_unit_of_the_table(flags, invoke, table):
    more = "--cost", "latency", "--latency", table
    ended = invoke(search.run, "--trials", 1, *flags, *more, "--max-latency", 15)
    assert ended.code == 2 and "give --max-latency a unit, as in 5ms" in ended.err
    table.write_text(table.read_text().replace(",s,", ",instructions,"))
    ended = invoke(search.run, "--trials", 1, *flags, *more, "--max-latency", "15us")
    assert ended.code == 2 and "as a number of instructions" in ended.err


def test_a_limit_that_excludes_nothing_changes_nothing(flags, invoke):
    best = []
    for out, more in ((flags[-1], ()), (flags[-1].with_name("loose"), ("--max-bytes", "1M"))):
        ended = invoke(search.run, "--trials", 12, "--cost", "bytes", *flags, "--out", out, *more)
        assert ended.code == 0
        best.append(((out / "pareto.json").read_text(), json.loads((out / "best.json").read_text())["rule"]))
    assert best[0] == best[1]


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_of_the_tool(name):
    assert read_profile(name).keys() == {"bytes", "ram"}


def test_a_profile_limits_and_flags_go_before_it(flags, invoke, tmp_path):
    profile = tmp_path / "own.toml"
    profile.write_text('source = "a guess"\nmax-ops = 4200\nmax-bytes = 9100\n')
    assert invoke(search.run, "--trials", 9, "--device-profile", profile, "--max-ops", 4300, *flags).code == 0
    config = read_config(flags[-1])
    assert config.all_limits == {"ops": 4300, "bytes": 9100} and config.limit == 4300
    assert trials_of(flags[-1])["bytes"].max() <= 9100


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("max-ram = ", "not TOML"),
        ("max-weight = 3", "max-weight"),
        ('max-ram = "1k"', "above 0"),
        pytest.param(f"max-ram = {'9' * 400}", "at most 1.79769e[+]308", id="400 digits"),
        ("", "limits nothing"),
    ],
)
def test_a_wrong_profile(tmp_path, text, complaint):
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_profile(str(tmp_path / "own.toml"))


def test_limits_that_few_networks_keep_are_found(table):
    """With several limits, `affordable` gives what trying all networks gives, in whatever order costs rise."""
    rng, latencies = Random(0), read_table(table)
    prices = [
        lambda network: cost(network, 10).bytes,
        lambda network: cost(network, 10).ops,
        lambda network: latencies.latency(network, 10),
    ]
    sums = {network: [price(network) for price in prices] for network in SPACE}
    some = 0
    for _ in range(80):
        limits = [rng.choice(sorted(numbers)) for numbers in zip(*sums.values())]
        fitting = {network.key for network, found in sums.items() if all(map(operator.le, found, limits))}
        found = affordable(SPACE, prices[0], limits[0], list(zip(prices[1:], limits[1:])))
        assert {network.key for network in found} == fitting
        some += 0 < len(fitting) < 10
    assert some > 3


def test_a_search_within_the_least_latency(flags, invoke, table):
    """The fastest network is not the one of the fewest bytes; with that limit, it alone is left."""
    latencies = read_table(table)
    seconds = {network.key: latencies.latency(network, 10) for network in SPACE}
    least = min(seconds.values())
    more = "--cost", "bytes", "--latency", table, f"--max-latency={least * (1 + 1e-9)!r}s"
    assert invoke(search.run, "--trials", 200, *flags, *more).code == 0
    assert set(trials_of(flags[-1])["key"]) == {key for key, value in seconds.items() if value == least}


def test_tables_by_another_cost_overwrite_no_search(flags, invoke, tmp_path):
    for out in (flags[-1], tmp_path / "other"):
        assert invoke(search.run, "--trials", 3, *flags, "--out", out).code == 0
    before = (tmp_path / "other" / "config.json").read_bytes()
    for out in (flags[-1], tmp_path / "other"):
        ended = invoke(search.refresh, flags[-1], "--cost", "bytes", "--out", out)
        assert ended.code == 2 and "another" in ended.err
    assert (tmp_path / "other" / "config.json").read_bytes() == before
    assert invoke(search.refresh, flags[-1], "--cost", "bytes").code == 0
    ended = invoke(search.refresh, flags[-1] / "by-bytes")
    assert ended.code == 2 and "holds no study.db" in ended.err
    assert len(trials_of(flags[-1] / "by-bytes")) == 3


@pytest.mark.parametrize("limits", [{"foo": 1}, {"bytes": -5}, {"bytes": "5"}, {"latency": 3.0}])
def test_limits_that_were_tampered_with(flags, invoke, limits):
    assert invoke(search.run, "--trials", 2, *flags).code == 0
    path = flags[-1] / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "limits": limits}))
    ended = invoke(search.refresh, flags[-1])
    assert ended.code == 2 and "the file was changed" in ended.err


def test_a_run_by_a_cost_that_it_limited(flags, invoke):
    assert invoke(search.run, "--trials", 6, "--max-ram", "64KiB", *flags).code == 0
    assert invoke(search.refresh, flags[-1], "--cost", "ram").code == 0
    assert len(trials_of(flags[-1] / "by-ram")) == 6


def test_a_run_that_has_ended_by_another_cost(flags, invoke, table):
    assert invoke(search.run, "--trials", 12, *flags).code == 0
    before = (flags[-1] / "trials.csv").read_bytes()
    ended = invoke(search.refresh, flags[-1], "--cost", "latency", "--latency", table)
    assert ended.code == 0, ended.err
    folder = flags[-1] / "by-latency-toy"
    front = pd.read_csv(folder / "pareto.csv")
    assert front["latency"].is_monotonic_increasing and len(trials_of(folder)) == 12
    assert read_config(folder).cost.title == "latency (s) on toy"
    assert (flags[-1] / "trials.csv").read_bytes() == before
    assert invoke(results.report, folder).code == 0
