"""Searches side by side, by values worked out by hand."""

import csv
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from results.compare.comparison import compare, rounded_up
from results.compare.page import comparison_page, figures_of
from results.compare.text import rows_of, shown_rows, words_of
from results.files import write_json
from results.run_config import Reference, read_config
from results.tables import write_tables
from space import InputError
from tests.results.page.browser import visit

ROOT = Path(__file__).parents[3]
SEEN = """
const strokeOf = (line) => getComputedStyle(line).stroke;
const lines = () => [...document.querySelectorAll("#fronts .scatterlayer .js-line")].map(strokeOf);
const before = lines();
for (const name of ["hand", "front"]) document.documentElement.style.setProperty(`--${name}`, "#123456");
draw();
const head = [...document.querySelectorAll("th button")].find((it) => it.textContent === "trials");
head.click();
const sorted = [...document.querySelectorAll("tbody tr")].map((row) => row.cells[3].textContent);
return { before, after: lines(), sorted };
"""
DRAWN = """
const drawn = [...document.querySelectorAll(".js-plotly-plot")].map((it) => it.className.replace("js-plotly-plot", ""));
Plotly.Fx.hover("fronts", [{ curveNumber: 0, pointNumber: 0 }]);
const hovered = [...document.querySelectorAll("#fronts .hovertext tspan, #fronts .hovertext .name")];
const ids = [...document.querySelectorAll("main [id]:not(svg *)")].map((it) => it.id);
return { drawn, hovered: hovered.map((it) => it.textContent).filter(Boolean), ids };
"""


@pytest.fixture
def make_run(tmp_path, make_trials, config):
    """Write a run of complete trials, given as (accuracy, cost), and return its folder."""

    def make(name, *points, **changes):
        trials = make_trials(*(("complete", "sampler", accuracy, cost) for accuracy, cost in points))
        changed = replace(config, **changes)
        write_json(tmp_path / name / "config.json", changed.to_dict())
        write_tables(tmp_path / name, trials, changed, None)
        return tmp_path / name

    return make


def command(*arguments) -> subprocess.CompletedProcess:
    whole = [sys.executable, "-m", "results.compare", *map(str, arguments)]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True)


def test_hypervolume_is_against_one_reference_point(make_run):
    """The box is 0.9 high and 20,000 wide: the widest that any search allowed."""
    one = make_run("one", (0.55, 5000.0), (0.1, 9000.0))
    two = make_run("two", (0.55, 5000.0), sampler="random", reference=Reference(accuracy=0.1, cost=20000.0))
    comparison = compare([one, two])
    assert comparison.reference == Reference(accuracy=0.1, cost=20000.0)
    volumes = {name: [run.hypervolume for run in runs] for name, runs in comparison.groups.items()}
    assert volumes == {"sampler tpe": [0.375], "sampler random": [0.375]}
    alone = compare([one, make_run("three", (0.55, 5000.0), sampler="random")])
    assert alone.groups["sampler tpe"][0].hypervolume == 0.25


def test_budgets_are_within_all_fronts(make_run):
    """From 2000, where the second begins, to 8000, where the first ends; 4000 is half way in logarithms."""
    one = make_run("one", (0.2, 1000.0), (0.3, 3000.0), (0.5, 8000.0))
    two = make_run("two", (0.25, 2000.0), (0.6, 9000.0), sampler="random")
    comparison = compare([one, two])
    assert comparison.budgets == (2000.0, 4000.0, 8000.0)
    table = rows_of(comparison).set_index("search")
    found = {
        name: table.loc[name, [f"best_within_{b}_ops" for b in (2000, 4000, 8000)]].tolist() for name in table.index
    }
    assert found == {"sampler tpe": [0.2, 0.3, 0.5], "sampler random": [0.25, 0.25, 0.25]}
    assert table["trials"].tolist() == [3, 2] and table["seconds"].tolist() == [1.5, 1.0]


def test_fronts_that_do_not_overlap_have_one_budget(make_run):
    one = make_run("one", (0.2, 1000.0), (0.3, 3000.0))
    two = make_run("two", (0.25, 6543.0), (0.6, 9000.0), sampler="random")
    assert compare([one, two]).budgets == (6550.0,)


def test_the_least_budget_holds_a_network_of_each_search(make_run):
    """0.1 + 0.2 is more than 0.3 in floating point, to which it is rounded."""
    one = make_run("one", (0.2, 0.1 + 0.2), (0.3, 0.5))
    two = make_run("two", (0.25, 0.1), (0.6, 0.5), sampler="random")
    comparison = compare([one, two])
    assert comparison.budgets[0] == 0.1 + 0.2
    found = rows_of(comparison).set_index("search")["best_within_0.3_ops"].to_dict()
    assert found == {"sampler tpe": 0.2, "sampler random": 0.25}


@pytest.mark.parametrize(
    "cost, rounded", [(2000.5, 2010.0), (2000.0, 2000.0), (171648.0, 172000.0), (1.2341e-3, 1.24e-3)]
)
def test_budgets_have_three_digits_and_are_no_less(cost, rounded):
    assert rounded_up(cost) == rounded


def test_runs_that_differ_in_the_seed_are_one_search(make_run):
    points = (0.5, 5000.0), (0.2, 2000.0)
    first = [make_run(f"tpe-{seed}", *points, seed=seed, device=f"cuda:{seed}") for seed in (1, 0)]
    second = [make_run(f"random-{seed}", *points, seed=seed, sampler="random") for seed in (0, 1)]
    groups = compare([*first, *second]).groups
    assert {name: [one.config.seed for one in runs] for name, runs in groups.items()} == {
        "sampler tpe": [0, 1],
        "sampler random": [0, 1],
    }


def test_groups_are_named_by_what_differs(make_run, config):
    runs = [
        make_run("a", (0.5, 5000.0)),
        make_run("b", (0.5, 5000.0), width=0.5, recipe={**config.recipe, "epochs": 6}),
        make_run("c", (0.5, 5000.0), width=0.5, recipe={**config.recipe, "epochs": 6}, seed=1),
    ]
    comparison = compare(runs)
    assert [*comparison.groups] == ["--epochs 3, --width 1", "--epochs 6, --width 0.5"]
    assert any("not trained alike" in note for note in comparison.notes)


def test_one_search_is_called_as_its_folders(make_run):
    runs = [make_run(f"run-{seed}", (0.5, 5000.0), seed=seed) for seed in range(2)]
    comparison = compare(runs)
    assert [*comparison.groups] == [f"{runs[0]} and 1 more"] and comparison.title == "1 search with 2 seeds on digits"


def test_searches_that_differ_in_what_has_no_words_are_called_as_their_folders(make_run):
    """Their names alone do not tell which runs are of one search: the last is of the first one."""
    runs = [make_run(str(seed), (0.5, 5000.0), seed=seed, networks=networks) for seed, networks in enumerate((7, 9, 7))]
    groups = compare(runs).groups
    assert {name: [one.run for one in searches] for name, searches in groups.items()} == {
        f"{runs[0]} and 1 more": [str(runs[0]), str(runs[2])],
        str(runs[1]): [str(runs[1])],
    }


def test_seeds_of_one_search_alone_are_told_apart(make_run):
    runs = [make_run(f"run-{seed}", (0.5, 5000.0), seed=seed) for seed in range(2)]
    for drawn in figures_of(compare(runs)).values():
        assert [trace["name"] for trace in drawn["data"]] == ["seed 0", "seed 1"]
        assert len({trace["meta"] for trace in drawn["data"]}) == 2
    other = make_run("other", (0.5, 5000.0), sampler="random")
    comparison = compare([*runs, other])
    assert comparison.title == "2 searches with 3 seeds on digits"
    assert len({trace["meta"] for trace in figures_of(comparison)["fronts"]["data"]}) == 2


def test_the_test_is_that_of_the_hypervolumes(make_run):
    """Three searches each without overlap: p is 2 of 20, the least there is."""
    tpe = [make_run(f"tpe-{seed}", (0.55 + 0.09 * seed, 5000.0), seed=seed) for seed in range(3)]
    random = [make_run(f"r-{seed}", (0.19 + 0.09 * seed, 5000.0), seed=seed, sampler="random") for seed in range(3)]
    comparison = compare([*tpe, *random])
    (difference,) = comparison.differences
    # A height of 0.54 (0.18) of 0.9 over half of the box.
    assert (difference.first, difference.second, difference.seeds) == ("sampler tpe", "sampler random", (3, 3))
    assert difference.ahead == pytest.approx(0.3 - 0.1) and difference.p == pytest.approx(0.1)
    text = "\n".join(words_of(comparison))
    assert (
        "sampler tpe against sampler random: +0.2000 hypervolume (medians), p = 0.1 (Mann-Whitney U, two-sided" in text
    )
    assert "with so few seeds p is at least 0.1" in text
    medians = shown_rows(comparison).set_index("run").loc["median"]
    assert medians["hypervolume"].tolist() == ["0.3000", "0.1000"] and medians["seed"].tolist() == ["3 seeds"] * 2


def test_a_median_between_two_fronts_keeps_its_half(make_run):
    runs = [make_run("one", (0.5, 5000.0)), make_run("two", (0.5, 5000.0), (0.6, 6000.0), seed=1)]
    assert shown_rows(compare(runs)).set_index("run").loc["median", "front"] == "1.5"


def test_p_is_corrected_for_the_number_of_pairs(make_run):
    """Three searches of two seeds: each pair alone has p = 1/3, three times that is 1."""
    runs = [
        make_run(f"{sampler}-{seed}", (0.2 + 0.2 * place + 0.01 * seed, 5000.0), seed=seed, sampler=sampler)
        for place, sampler in enumerate(("random", "tpe", "front"))
        for seed in range(2)
    ]
    comparison = compare(runs)
    assert [difference.p for difference in comparison.differences] == [1.0, 1.0, 1.0]
    assert "p is corrected for all pairs (Holm)." in words_of(comparison)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"fingerprint": "other"}, "it has other data: fingerprint of the training images other, not 0123456789abcdef"),
        ({"dataset": "cifar10"}, "it has other data: dataset cifar10, not digits"),
        ({"validation": 0.2}, "it has another validation split: validation 0.2, not 0.4"),
        ({"objective": "bops"}, "it has another cost: --cost bops, not ops"),
        ({"metric": "macro-f1"}, "it has another metric: --metric macro-f1, not accuracy"),
    ],
)
def test_what_cannot_be_compared_is_refused(make_run, tmp_path, config, changes, said):
    one = make_run("one", (0.5, 5000.0))
    write_json(tmp_path / "two" / "config.json", replace(config, **changes).to_dict())
    (tmp_path / "two" / "trials.csv").write_text((one / "trials.csv").read_text())
    with pytest.raises(InputError) as error:
        compare([one, tmp_path / "two"])
    assert str(error.value) == f"{tmp_path / 'two'} cannot be compared with {one}, {said}"


def test_refusals_are_one_line_and_exit_code_2(make_run, tmp_path):
    one = make_run("one", (0.5, 5000.0))
    for arguments, said in {
        (one,): "a comparison takes two runs or more",
        (one, one): "are one search: same settings, same seed; leave out one",
        (one, tmp_path): "is not the folder of a run: it lacks config.json",
        (one, make_run("two", seed=1)): "holds a run without a complete trial",
        (one, one, "--out", "a.doc"): "--out a.doc: the name must end in .html, .csv, .svg, .png, .pdf",
    }.items():
        done = command(*arguments)
        assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("mobinas: ")
        assert said in done.stderr and done.stderr.count("\n") == 1


def test_a_latency_is_compared_on_the_same_machine(make_run):
    here, there = ({"unit": "s", "title": "latency", "target": "host", "machine": name} for name in ("a", "b"))
    one, two = make_run("one", (0.5, 5000.0), latency=here), make_run("two", (0.5, 5000.0), latency=there)
    assert len(compare([one, two]).groups) == 2, "the cost is OPs"


def test_command_prints_a_table_and_writes_the_file(make_run, tmp_path):
    one, two = make_run("one", (0.5, 5000.0)), make_run("two", (0.4, 4000.0), sampler="random")
    done = command(one, two, "--out", tmp_path / "out.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The difference is not tested: a test takes several seeds of at least two searches." in done.stdout
    assert max(map(len, done.stdout.partition("\n\n")[2].splitlines())) <= 100
    # 0.4 of 0.9 in height over half of the box, 0.3 of 0.9 over 0.6 of it.
    rows = [*csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text()))]
    assert [row["search"] for row in rows] == ["sampler tpe", "sampler random"]
    assert [float(row["hypervolume"]) for row in rows] == [0.222222, 0.2]
    assert rows[0]["run"] == str(one) and "two" in done.stdout


def test_the_page_and_the_plot_hold_all_searches(make_run, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    one, two = make_run("one", (0.5, 5000.0)), make_run("two", (0.4, 4000.0), sampler="<b>")
    comparison = compare([one, two])
    drawn = figures_of(comparison)
    assert [list(trace["x"]) for trace in drawn["fronts"]["data"]] == [[5000.0], [4000.0]]
    assert [list(trace["y"]) for trace in drawn["fronts"]["data"]] == [[0.5], [0.4]]
    assert "<b>" not in comparison_page(comparison).partition("<script")[0]
    done = command(one, two, "--out", tmp_path / "out.svg")
    assert (done.returncode, done.stderr) == (0, "")
    texts = ["".join(text.itertext()) for text in ElementTree.parse(tmp_path / "out.svg").iter() if "text" in text.tag]
    assert {"sampler tpe", "sampler <b>", "OPs = FLOPs + BOPs / 64", "hypervolume"} <= {*texts}


def test_the_page_draws_both_figures(make_run, tmp_path):
    one, two = make_run("one", (0.5, 5000.0)), make_run("two", (0.4, 4000.0), sampler="random")
    said = visit(comparison_page(compare([one, two])), DRAWN, tmp_path)
    assert said["wrong"] == [] and said["drawn"] == ["plot ", "plot "]
    assert len(said["ids"]) == len({*said["ids"]})
    assert said["hovered"] == ["sampler tpe", str(one), "5000, 50.00%"]


def test_the_page_has_the_colours_of_its_style_sheet_and_sorts_numbers(make_run, tmp_path):
    """Ten trials are more than nine."""
    one = make_run("one", *((0.5 - place / 100, 5000.0 + place) for place in range(10)))
    two = make_run("two", *((0.4 - place / 100, 4000.0 + place) for place in range(9)), sampler="random")
    said = visit(comparison_page(compare([one, two])), SEEN, tmp_path)
    assert said["wrong"] == [] and len({*said["before"]}) == 2
    assert said["after"] == ["rgb(18, 52, 86)"] * 2 and said["sorted"] == ["9", "10"]


def test_folders_may_have_any_name(make_run):
    """The page and the plot show them letter for letter, where searches differ in what has no words."""
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from results.figures.comparison import comparison_drawn

    one, two = make_run("a_$x_y$b<i>", (0.5, 5000.0)), make_run("median", (0.4, 4000.0), networks=7)
    comparison = compare([one, two])
    assert all("<i>" not in trace["text"] for trace in figures_of(comparison)["fronts"]["data"])
    assert "<h1>2 searches on digits</h1>" in comparison_page(comparison)
    (legend,) = comparison_drawn(comparison).legends
    assert not any(text.get_parse_math() for text in legend.get_texts())


def test_a_name_that_begins_with_a_line_is_in_the_legend(make_run, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from results.figures.comparison import comparison_drawn

    make_run("_one", (0.5, 5000.0))
    make_run("two", (0.4, 4000.0), networks=7)
    monkeypatch.chdir(tmp_path)
    (legend,) = comparison_drawn(compare([Path("_one"), Path("two")])).legends
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_one", "two"]


def test_measured_accuracies_beside_expected_ones_are_noted(make_run):
    """The first search has both, and decides by the expected one."""
    one, two = make_run("one", (0.5, 5000.0)), make_run("two", (0.5, 4000.0), sampler="random")
    three = make_run("three", (0.5, 4000.0), sampler="front")
    table = pd.read_csv(one / "trials.csv").assign(expected=0.4)
    write_tables(one, table, read_config(one), None)
    (note,) = compare([one, two]).notes
    assert note.startswith(f"Accuracies of {two} are measured ones") and compare([two, three]).notes == ()


def test_trainings_on_fewer_images_have_the_same_split(make_run):
    """`train_images` is what ``--proxy-images`` leaves; the validation images are the same."""
    one = make_run("one", (0.5, 5000.0), evaluator_settings={"proxy_images": 100}, train_images=100)
    comparison = compare([one, make_run("two", (0.5, 5000.0))])
    assert [*comparison.groups] == ["--proxy-images 100", "--proxy-images not given"]
    assert any("not trained alike" in note for note in comparison.notes)


def test_seconds_on_other_devices_or_versions_are_noted(make_run):
    one = make_run("one", (0.5, 5000.0), device="cpu", versions={"torch": "2.3"})
    two = make_run("two", (0.5, 5000.0), device="cuda", versions={"torch": "2.3"}, sampler="random")
    three = make_run("three", (0.5, 5000.0), device="cpu", versions={"torch": "2.4"}, sampler="front")
    four = make_run("four", (0.5, 5000.0), device="cpu", versions={"torch": "2.3"}, sampler="random")
    said = "Seconds cannot be compared: the searches ran on cpu, torch 2.3; {}."
    assert compare([one, two]).notes == (said.format("cuda, torch 2.3"),)
    assert compare([one, three]).notes == (said.format("cpu, torch 2.4"),)
    assert compare([one, four]).notes == ()
