"""What a reader of the page sees and does, in a browser."""

import random

import pytest

from results.files import write_json
from results.noise import Noise
from results.report import report_of, write_report
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
const click = (point, right) => {
  const { x, y, width, height } = point.getBoundingClientRect();
  const event = { clientX: x + width / 2 + right, clientY: y + height / 2 };
  front.emit("plotly_click", { points: [{ customdata: 5 }], event }); // a neighbour, which Plotly took for the nearest
};
const hand = document.querySelectorAll("#front .scatterlayer .trace")[2].querySelector(".point");
click(hand, 8);
const clicked = panel.textContent;
const boxes = [...panel.querySelectorAll(".box")].map((box) => box.textContent);
const labels = [...panel.querySelectorAll(".label")].map((it) => it.textContent);
click(hand, 50);
const [away] = [panel.textContent];
const other = document.querySelector("table.sortable button.key");
other.click();
const copied = [];
navigator.clipboard.writeText = async (text) => copied.push(text);
const button = panel.querySelector(".copy");
button.click();
await until(() => copied.length);
await until(() => button.textContent === "Copied");
const third = panel.querySelector("h3").textContent;
return { first, clicked, away, boxes, labels, key: other.textContent, third, copied };
"""
PANEL = """
const panel = document.getElementById("network");
const said = (row) => {
  choose(row);
  const notes = [...panel.querySelectorAll(".note")].map((it) => it.textContent);
  return [notes, panel.querySelector("dl").textContent];
};
return { off: said(5), retrained: said(0), others: said(1) };
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
LIMITS = """
await until(() => document.querySelector("#front .scatterlayer"));
const [drawn, listed] = ["most-drawn", "most-listed"].map((id) => document.getElementById(id));
const type = async (field, text) => {
  field.value = text;
  field.dispatchEvent(new Event("input"));
  await new Promise((go) => setTimeout(go, 400));
};
const seen = () => ({
  rows: [...document.querySelectorAll("#every tbody tr")].map((row) => row.dataset.key),
  dearest: Math.max(...document.getElementById("front").data.flatMap(({ x }) => x)),
  fields: [drawn.value, listed.value, drawn.ariaInvalid, listed.ariaInvalid],
  ring: !document.querySelector(".ring").hidden,
});
const before = seen();
const typed = {};
for (const text of ["2600", "2,600 OPs", "2.6k", "1", "cheap", ""]) {
  await type(text[0] === "2" ? listed : drawn, text);
  typed[text] = seen();
  if (text === "1") ["measured", "expected"].forEach((kind) => switchTo({ kind }));
}
await type(listed, "3k");
switchTo({ cost: "bytes" });
const switched = { ...seen(), unit: drawn.nextElementSibling.textContent };
figures.front.views.bytes.unit = "s";
const seconds = ["5 ms", "800us", "2µs", "0.5s", "5"].map((text) => costOf("bytes", text));
return { before, typed, switched, seconds };
"""
MARKS = """
await until(() => document.querySelector("#front .scatterlayer"));
const middle = (place) => {
  const { x, y, width, height } = place.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
};
const traces = document.querySelectorAll("#front .scatterlayer .trace");
const off = (point) => Math.hypot(...middle(document.querySelector(".ring")).map((at, i) => at - middle(point)[i]));
const framed = () => [...document.querySelectorAll(".heat .chosen")].map((cell) => cell.cellIndex);
const range = () => [...document.getElementById("front").layout.xaxis.range];
const [begun, first] = [range(), { off: off(traces[3].querySelector(".point")), framed: framed() }];
document.querySelectorAll(".heat button.key")[0].click();
const second = { off: off(traces[1].querySelectorAll(".point")[0]), framed: framed() };
const steady = String(range()) === String(begun);
await Plotly.relayout("front", { "xaxis.range": [3.2, 3.5] });
const zoomed = off(traces[1].querySelectorAll(".point")[0]);
await Plotly.relayout("front", { "xaxis.range": [3.4, 3.5] });
const outside = document.querySelector(".ring").hidden;
choose(5);
const lines = document.querySelectorAll(".heat:not(.scale) tr").length;
return { first, second, lines, steady, zoomed, outside, none: framed() };
"""
SORTS = """
const said = [];
for (const table of document.querySelectorAll("table.sortable")) {
  table.closest("details")?.setAttribute("open", "");
  const buttons = [...table.tHead.querySelectorAll("button")];
  const mark = (button) => getComputedStyle(button, "::after").content.trim().slice(1, 3).trim();
  const marks = buttons.map(mark);
  const tops = buttons.map((button) => button.getBoundingClientRect().height);
  buttons[0].click();
  const sorted = [mark(buttons[0]), table.tHead.querySelector("th").ariaSort];
  said.push({ names: buttons.map((it) => it.textContent), marks, tops, sorted });
}
return { tables: said };
"""
TOUCH = """
await until(() => document.querySelector("#front .scatterlayer"));
const area = document.querySelector("#front .nsewdrag");
const touches = [new Touch({ identifier: 1, target: area, clientX: 100, clientY: 300 })];
const event = new TouchEvent("touchstart", { touches, changedTouches: touches, bubbles: true, cancelable: true });
area.dispatchEvent(event);
return { prevented: event.defaultPrevented };
"""
COARSE = """<head><script>
const ask = matchMedia;
window.matchMedia = (query) => (query === "(pointer: coarse)" ? { matches: true } : ask(query));
</script>"""
LIVE = """
scrollTo(0, document.body.scrollHeight);
const [bar, main] = [".watched", "main"].map((name) => document.querySelector(name).getBoundingClientRect());
return { top: bar.top - main.bottom, left: bar.left, right: bar.right - document.documentElement.clientWidth };
"""
FITS = """
await until(() => document.querySelector("#front .scatterlayer"));
const { scrollWidth, clientWidth } = document.documentElement;
const cell = document.querySelector("table.sortable tbody td");
const folded = getComputedStyle(cell).display === "flex";
const ids = [...document.querySelectorAll("main [id]:not(svg *)")].map((it) => it.id);
const boxes = [...document.querySelectorAll(".sortable")].map((it) => it.parentElement);
const cut = boxes.filter((it) => it.scrollWidth > it.clientWidth).length;
return { scrollWidth, clientWidth, folded, cut, ids, rows: document.querySelectorAll("#every tbody tr").length };
"""
FIELDS = """
const [filter, limit] = ["filter", "most-listed"].map((id) => document.getElementById(id));
const seen = ["searched", "muted", "front"].map(colour).map((hue) => {
  document.body.style.color = hue;
  return getComputedStyle(document.body).color;
});
const border = (field) => getComputedStyle(field).borderTopColor;
const found = [border(filter), getComputedStyle(filter, "::placeholder").color];
limit.setAttribute("aria-invalid", true);
return { seen, found: [...found, border(limit)] };
"""
FOCUS = """
document.querySelector("table.sortable button.key").click();
const at = document.activeElement;
return { at: at.textContent, panel: at.parentElement.id };
"""
COSTS = """
await until(() => document.querySelector("#front .xtick"));
return { ticks: [...document.querySelectorAll("#front .xtick text")].map((it) => it.textContent) };
"""
SLOW = """
let calls = 0;
const spell = Number.prototype.toLocaleString;
Number.prototype.toLocaleString = function (...words) { calls++; return spell.apply(this, words); };
drawFront();
return { calls };
"""
TICKS = """
await until(() => document.querySelector("#front .ytick"));
return { ticks: [...document.querySelectorAll("#front .ytick text")].map((it) => it.textContent) };
"""
PRINTS = """
dispatchEvent(new Event("beforeprint"));
const ends = (place) => place.getBoundingClientRect().right;
const drawings = [...document.querySelectorAll(".plot .main-svg")];
const cut = drawings.filter((it) => ends(it) > ends(it.closest(".plot")) + 1).length;
const empty = [...document.querySelectorAll(".plot")].filter((it) => !it.querySelector(".scatterlayer"));
const paper = colour("ground");
const folded = document.querySelectorAll("details:not([open])").length;
dispatchEvent(new Event("afterprint"));
const after = document.querySelectorAll("details:not([open])").length;
return { folded, after, cut, empty: empty.map((it) => it.id), paper, plots: document.querySelectorAll(".plot").length };
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
    assert said["away"] == said["clicked"], "no network is within reach"
    assert said["boxes"][0] == "layer0pre · K 08 ch" and len(said["boxes"]) == 5
    assert said["labels"] == ["1. train it fully", "2. then export it"]
    assert said["third"] == f"On the front by ops, expected: {said['key']}"
    assert said["copied"] == [f"mobinas retrain {run_folder}/pareto.json --key {said['key']}"]


def test_the_panel_says_what_is_off_the_front_and_what_was_retrained(page, tmp_path, run_folder, retrain):
    retrain(0, test=0.75)
    said = visit(write_report(run_folder).read_text(), PANEL, tmp_path)
    assert said["off"][0] == [
        "Not on the front by ops and expected accuracy: only its networks have shares of the OPs and commands here."
    ]
    assert said["retrained"][0] == ["1. train it fully (done: 75.00% on test images)", "2. then export it"]
    assert "retrained, test75.00%" in said["retrained"][1]
    assert said["others"][0] == ["1. train it fully", "2. then export it"] and "retrained" not in said["others"][1]


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


def test_a_limit_of_the_cost_is_one_for_table_and_figure(page, tmp_path):
    said = visit(page, LIMITS, tmp_path)
    keys = [f"{number:011x}a" for number in range(7)]
    assert said["wrong"] == []
    assert said["before"]["fields"] == ["", "", "false", "false"] and said["before"]["dearest"] == 5000
    typed = said["typed"]
    for text in ("2600", "2,600 OPs", "2.6k"):
        assert typed[text]["rows"] == [keys[1], keys[5], keys[6]] and typed[text]["dearest"] == 2500
        assert typed[text]["fields"] == [text, text, "false", "false"] and not typed[text]["ring"]
    assert typed["1"]["rows"] == []
    assert typed["cheap"] == {**said["before"], "fields": ["cheap", "cheap", "true", "true"]}
    assert typed[""] == said["before"]
    assert said["switched"]["fields"] == said["before"]["fields"] and said["switched"]["unit"] == "B"
    assert len(said["switched"]["rows"]) == 6
    assert said["seconds"] == pytest.approx([5e-3, 8e-4, 2e-6, 0.5, None])


def test_the_chosen_network_is_marked_in_the_figure_and_the_heat_map(page, tmp_path):
    said = visit(page, MARKS, tmp_path)
    assert said["wrong"] == []
    assert said["first"]["off"] < 1.5 and said["second"]["off"] < 0.5 and said["zoomed"] < 0.5
    assert said["first"]["framed"] == [3] * said["lines"] and said["second"]["framed"] == [1] * said["lines"]
    assert said["steady"] and said["outside"] and said["none"] == []


@pytest.mark.parametrize("width", [360, 1400])
def test_each_table_can_be_sorted_and_shows_so(page, tmp_path, width):
    said = visit(page, SORTS, tmp_path, width=width)
    assert said["wrong"] == [] and len(said["tables"]) == 4
    for table in said["tables"]:
        assert all(height > 12 for height in table["tops"]) and all(table["names"])
        assert {*table["marks"]} <= {"⇅", "▲"} and table["marks"][1:] == ["⇅"] * (len(table["marks"]) - 1)
        assert table["sorted"] in (["▲", "ascending"], ["▼", "descending"])


def test_a_finger_on_the_figure_scrolls_and_taps(page, tmp_path):
    """Plotly takes a touch that it prevents for a drag, and then knows no place of it."""
    assert visit(page, TOUCH, tmp_path) == {"prevented": True, "wrong": []}
    assert visit(page.replace("<head>", COARSE), TOUCH, tmp_path) == {"prevented": False, "wrong": []}


def test_the_bar_of_a_live_page_covers_nothing_at_its_end(page, run_folder, tmp_path):
    """Parts of a pixel do not count: the browser scrolls by whole ones."""
    said = visit(report_of(run_folder, version="1"), LIVE, tmp_path)
    assert said["top"] > -1 and said["left"] == said["right"] == 0


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_does_not_scroll_sideways(page, tmp_path, width):
    said = visit(page, FITS, tmp_path, width=width, height=3000)
    assert said["wrong"] == [] and said["scrollWidth"] == said["clientWidth"] <= width
    assert said["folded"] == (width == 360) and said["cut"] == 0
    assert len(said["ids"]) == len({*said["ids"]})


def test_a_key_leads_to_its_network_without_a_mouse(page, tmp_path):
    said = visit(page, FOCUS, tmp_path)
    assert said == {"at": "On the front by ops, expected: 00000000001a", "panel": "network", "wrong": []}


def test_costs_beside_the_figure_are_whole_numbers_of_thousands(run_folder, trials, config, tmp_path):
    """Over more than a power of ten, Plotly would shorten 20k to 2."""
    write_tables(run_folder, trials.assign(ops=trials["ops"] * (trials["number"] + 1)), config, None)
    said = visit(write_report(run_folder).read_text(), COSTS, tmp_path)
    assert said["wrong"] == [] and "10k" in said["ticks"]
    assert all(tick.endswith("k") for tick in said["ticks"])


def test_fields_are_seen_on_each_ground(page, tmp_path):
    """Their borders and hints are colours of report.css that stand out in the light and in the dark."""
    said = visit(page, FIELDS, tmp_path)
    assert said["wrong"] == [] and said["found"] == said["seen"]


def test_ticks_of_close_accuracies_differ(run_folder, trials, config, tmp_path):
    write_tables(run_folder, trials.assign(accuracy=0.1 + trials["accuracy"] / 20), config, None)
    ticks = visit(write_report(run_folder).read_text(), TICKS, tmp_path)["ticks"]
    assert len({*ticks}) == len(ticks) > 2


def test_all_figures_are_printed(page, tmp_path):
    said = visit(page, PRINTS, tmp_path, height=300)
    assert said == {"empty": [], "paper": "#fff", "plots": 3, "folded": 0, "after": 2, "cut": 0, "wrong": []}


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
    assert visit(page, SLOW, tmp_path) == {"calls": 0, "wrong": []}, "each makes a formatter, which is slow"
