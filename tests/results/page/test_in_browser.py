"""What a reader of the page sees and does, in a browser."""

import random

import pytest

from results.files import write_json
from results.noise import Noise
from results.report import write_report
from results.tables import write_tables
from space import load_space
from tests.results.page.browser import visit

SWITCHES = """
await until(() => document.querySelector("#front .scatterlayer"));
const traces = () => Object.fromEntries(document.getElementById("front").data.map((trace) => [trace.meta, trace]));
const before = { x: [...traces().front.x], y: [...traces().front.y] };
const hovered = traces().searched.text[0];
document.querySelector("#kinds [value=measured]")?.click();
const measured = [...traces().front.y];
const select = document.getElementById("cost");
select.value = "bytes";
select.dispatchEvent(new Event("change"));
const bytes = [...traces().front.x];
const panel = document.getElementById("network");
const said = () => [panel.querySelector("h3").textContent, panel.querySelectorAll(".command").length];
choose(0);
const shown = [said()];
switchTo({ cost: "ops" });
shown.push(said());
return { before, shown, hovered, measured, bytes, costs: [...select.options].map((option) => option.value) };
"""
CLICKS = """
await until(() => document.querySelector("#front .scatterlayer"));
const panel = document.getElementById("network");
const first = panel.querySelector("h3").textContent;
const front = document.getElementById("front");
front.emit("plotly_click", { points: [{ customdata: 0 }] });
const clicked = panel.textContent;
const boxes = [...panel.querySelectorAll(".box")].map((box) => box.textContent);
const labels = [...panel.querySelectorAll(".label")].map((it) => it.textContent);
const other = document.querySelector("table.sortable button.key");
other.click();
const copied = [];
navigator.clipboard.writeText = async (text) => copied.push(text);
const button = panel.querySelector(".copy");
button.click();
await until(() => copied.length);
await until(() => button.textContent === "Copied");
const third = panel.querySelector("h3").textContent;
return { first, clicked, boxes, labels, key: other.textContent, third, copied };
"""
TABLES = """
const rows = () => [...document.querySelectorAll("#every tbody tr")].map((row) => row.dataset.key);
const all = rows();
const sorted = () => [...document.querySelectorAll("#every th[aria-sort]")].map((it) => [it.textContent, it.ariaSort]);
const sorts = [sorted()];
const filter = document.getElementById("filter");
const type = (text) => { filter.value = text; filter.dispatchEvent(new Event("input")); };
type("baseline");
const hand = rows();
type("hand-designed");
const designed = rows();
type("no such network");
const none = document.getElementById("found").textContent;
type("");
const head = (name) => [...document.querySelectorAll("#every th button")].find((it) => it.textContent === name);
head("measured").click();
const up = rows();
head("measured").click();
const down = rows();
sorts.push(sorted());
switchTo({ kind: "measured" });
sorts.push(sorted());
document.getElementById("only-front").click();
const front = rows();
const table = document.querySelector("table.sortable");
[...table.querySelectorAll("th button")].find((it) => it.textContent === "OPs").click();
const ordered = [...table.querySelectorAll("tbody tr")].map((row) => row.dataset.key);
const found = document.getElementById("found").textContent;
return { sorts, all, hand, designed, none, up, down, front, sorted: ordered, found };
"""
FITS = """
await until(() => document.querySelector("#front .scatterlayer"));
const { scrollWidth, clientWidth } = document.documentElement;
const cell = document.querySelector("table.sortable tbody td");
const folded = getComputedStyle(cell).display === "flex";
const ids = [...document.querySelectorAll("main [id]:not(svg *)")].map((it) => it.id);
return { scrollWidth, clientWidth, folded, ids, rows: document.querySelectorAll("#every tbody tr").length };
"""

PRINTS = """
dispatchEvent(new Event("beforeprint"));
const empty = [...document.querySelectorAll(".plot")].filter((it) => !it.querySelector(".scatterlayer"));
const paper = colour("ground");
return { empty: empty.map((it) => it.id), paper, plots: document.querySelectorAll(".plot").length };
"""


@pytest.fixture
def run_folder(tmp_path, config):
    """Of a name with letters that stood for the key once."""
    folder = tmp_path / "MONKEY"
    write_json(folder / "config.json", config.to_dict())
    return folder


@pytest.fixture
def page(run_folder, trials, config):
    expected = trials["accuracy"] - [0, 0.01, 0.02, 0.03, 0, 0.04, 0.05]
    write_tables(run_folder, trials.assign(expected=expected), config, Noise(std=0.01, pairs=3))
    return write_report(run_folder).read_text()


def test_switches_move_the_points(page, tmp_path):
    said = visit(page, SWITCHES, tmp_path)
    assert said["wrong"] == []
    assert said["before"] == {"x": [2000.5, 3000, 4000], "y": [0.69, 0.8, 0.88]}
    assert said["measured"] == [0.7, 0.8, 0.9]
    assert said["bytes"] == [678]
    assert said["shown"] == [
        ["Not on the front by bytes, measured: 00000000000a", 2],
        ["On the front by ops, measured: 00000000000a", 2],
    ]
    assert said["costs"] == ["ops", "bops", "padded_bops", "bytes", "params"]
    assert "2,500 OPs" in said["hovered"] or "5,000 OPs" in said["hovered"]


def test_a_click_shows_the_network_and_its_commands(page, tmp_path, run_folder):
    said = visit(page, CLICKS, tmp_path)
    assert said["wrong"] == []
    assert said["first"] == "Recommended: 00000000002a"
    assert "80.00%" in said["clicked"] and "3,000 OPs" in said["clicked"]
    assert said["boxes"][0] == "layer0pre · K 08 ch" and len(said["boxes"]) == 5
    assert said["labels"] == ["1. train it fully", "2. then export it"]
    assert said["third"] == f"On the front by ops, expected: {said['key']}"
    assert said["copied"] == [f"python -m search.retrain {run_folder}/pareto.json --key {said['key']}"]


def test_tables_are_filtered_and_sorted(page, tmp_path):
    said = visit(page, TABLES, tmp_path)
    keys = {number: f"{number:011x}a" for number in range(7)}
    assert said["wrong"] == []
    assert said["all"] == [keys[number] for number in (0, 1, 2, 3, 5, 6)]
    assert said["hand"] == said["designed"] == [keys[0], keys[1]]
    assert said["none"] == "nothing found"
    assert said["up"][0] == keys[5] and said["up"][-1] == keys[2]
    assert said["down"][0] == keys[2]
    assert said["sorts"] == [[["trial", "ascending"]], [["measured", "descending"]], [["measured", "descending"]]]
    assert said["front"] == [keys[2], keys[0], keys[1]] and said["found"] == "3 of 6 networks"
    assert said["sorted"] == [keys[1], keys[0], keys[2]]


@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_does_not_scroll_sideways(page, tmp_path, width):
    said = visit(page, FITS, tmp_path, width=width, height=3000)
    assert said["wrong"] == [] and said["scrollWidth"] == said["clientWidth"] <= width
    assert said["folded"] == (width == 360)
    assert len(said["ids"]) == len({*said["ids"]})


def test_all_figures_are_printed(page, tmp_path):
    said = visit(page, PRINTS, tmp_path, height=300)
    assert said == {"empty": [], "paper": "#fff", "plots": 3, "wrong": []}


def test_two_thousand_trials_make_a_small_page(make_trials, config, run_folder, tmp_path):
    rng, space = random.Random(0), load_space()
    networks = {(network := space.sample(rng)).key: network for _ in range(2000)}
    rows = [("complete", "sampler", rng.random(), float(rng.randrange(3000, 9000))) for _ in networks]
    trials = make_trials(*rows[:60], keys=[*networks])
    trials = trials.iloc[[i % 60 for i in range(len(rows))]].reset_index(drop=True)
    trials = trials.assign(
        number=range(len(rows)), key=[*networks], accuracy=[row[2] for row in rows], ops=[row[3] for row in rows]
    )
    choices = [network.all_choices for network in networks.values()]
    for name in config.genes:
        trials[name] = [each[name] for each in choices]
    write_tables(run_folder, trials, config, None)
    page = write_report(run_folder).read_text()
    assert len(page.encode()) < 2_000_000
    said = visit(page, FITS, tmp_path)
    assert said["wrong"] == [] and said["rows"] == 50
