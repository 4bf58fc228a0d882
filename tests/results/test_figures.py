"""Figures for papers: each file is read back."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from results.files import write_json
from results.looks import PUBLISHED
from results.noise import Noise
from results.report import write_figures
from results.tables import STD, write_tables
from space import InputError

pytest.importorskip("matplotlib", reason="matplotlib is not installed")
from matplotlib.colors import to_hex

from results.choices import Row
from results.figures import format_of
from results.figures.choices import choices_drawn
from results.figures.front import front_drawn
from results.figures.network import network_drawn
from results.figures.progress import progress_drawn
from results.figures.style import WIDTH, legend_above, new_figure, paper_style
from results.looks import COLOURS
from results.network import Box
from results.points import pareto_info
from results.progress import RANDOM, SEARCH, Progress
from space.objective import OBJECTIVES

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def texts_in(path: Path) -> list[str]:
    """What an SVG file says, text by text."""
    return ["".join(text.itertext()).strip() for text in ElementTree.parse(path).iter(f"{SVG}text")]


@pytest.fixture
def whole_run(run_folder, retrain, trials, config):
    """A run with a retrained network and shares."""
    retrain(2, test=0.91)
    write_json(run_folder / "shares.json", {trials.loc[2, "key"]: {"stem": 0.75, "layer0": 0.25}})
    return run_folder


def test_svg_files_hold_their_labels_as_text(whole_run, trials):
    paths = write_figures(whole_run, "svg")
    assert [path.name for path in paths] == ["front.svg", "network.svg", "progress.svg", "choices.svg"]
    assert {path.parent for path in paths} == {whole_run / "figures"}
    front, network, progress, choices = map(texts_in, paths)
    labels = ["searched", "hand-designed", "front", "recommended", "retrained (test images)"]
    assert {*labels, "OPs = FLOPs + BOPs / 64", "validation accuracy"} <= {*front} and PUBLISHED not in front
    best = trials.loc[2]
    assert f"{best['key']}: accuracy 90.0%, 4,000 OPs" in network
    assert {"stem", "layer0", "75.0%", "25.0%", "share of OPs", "channels"} <= {*network}
    assert {"complete trials", "hypervolume"} <= {*progress}
    assert {"layer4.k", "2k", "3k", "4k"} <= {*choices}


@pytest.mark.parametrize("form, begins", [("png", b"\x89PNG\r\n\x1a\n"), ("pdf", b"%PDF-")])
def test_other_formats_are_what_their_names_say(whole_run, tmp_path, form, begins):
    paths = write_figures(whole_run, form, out=tmp_path / "elsewhere")
    assert len(paths) == 4 and {path.parent for path in paths} == {tmp_path / "elsewhere"}
    images = [path.read_bytes() for path in paths]
    assert all(image.startswith(begins) for image in images)
    if form == "pdf":
        assert all(b"/FontFile2" in image or b"/TrueType" in image for image in images)
        assert all(re.search(rb"/MediaBox \[ 0 0 237\.6 ", image) for image in images), "3.3 inches of 72 points"


def test_the_same_run_gives_the_same_files(whole_run, tmp_path):
    one, two = (write_figures(whole_run, "svg", out=tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_the_front_is_drawn_at_expected_accuracies_with_their_errors(trials, config):
    trials = trials.assign(expected=trials["accuracy"] - 0.05, **{STD: 0.01})
    info = pareto_info(trials, config=config, best_key=trials.loc[2, "key"], noise=Noise(std=0.5, pairs=2))
    with paper_style():
        (axes,) = front_drawn(info).axes
    lines = {line.get_label(): line for line in axes.lines}
    assert lines["front"].get_ydata() == pytest.approx([0.65, 0.75, 0.85])
    assert lines["hand-designed"].get_ydata() == pytest.approx([0.65, 0.75])
    assert lines["recommended"].get_xydata().tolist() == [[4000.0, pytest.approx(0.85)]]
    assert to_hex(lines["front"].get_color()) == COLOURS["front"]
    (bars,) = (bars for bars in axes.collections if bars.get_segments())
    heights = [segment[1][1] - segment[0][1] for segment in bars.get_segments()]
    assert heights == pytest.approx([2 * 1.96 * 0.01] * 3)
    assert axes.get_ylabel() == "expected validation accuracy"


def test_progress_and_choices_are_the_records(config):
    with paper_style():
        (axes,) = progress_drawn(Progress(trials=[1, 3], seconds=[1.0, 2.0], hypervolume=[0.25, 0.5])).axes
        assert axes.lines[0].get_xydata().tolist() == [[1, 0.25], [3, 0.5]] and not axes.get_legend()
        random = Progress(trials=[1, 2], seconds=[1.0, 1.5], hypervolume=[0.25, 0.375])
        (axes,) = progress_drawn(random, random).axes
        assert axes.lines[1].get_xydata().tolist() == [[1, 0.25], [2, 0.375]]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [SEARCH, RANDOM]
        rows = [
            Row(gene="layer0.block", kind="block", taken=("pre", "post"), choices=("pre", "post")),
            Row(gene="layer1.k", kind="k", taken=(0, None), choices=(0,)),
        ]
        (axes,) = choices_drawn(rows, [1500.0, 2.5e6], OBJECTIVES["ops"]).axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells == {(0.5, 0.55): "pre", (1.5, 0.55): "post", (0.5, 1.55): "0", (1.5, 1.55): "–"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1.5k", "2.5M"]
    assert len(axes.patches) == 3, "a layer that does not exist has no colour"


def test_a_box_is_as_wide_as_its_channels_and_a_bar_as_long_as_its_share():
    boxes = [
        Box(name="stem", channels=1, share=0.8),
        Box(name="layer0", words=("mid", "K 3"), block="mid", pool="max", channels=4, share=0.2),
        Box(name="layer1", words=("pre",), block="pre", channels=16),
    ]
    with paper_style():
        figure = network_drawn(boxes, "title")
    (axes,) = figure.axes
    assert figure.get_figwidth() == WIDTH
    shapes = [patch for patch in axes.patches if hasattr(patch, "get_boxstyle")]
    narrow, middle, wide = (shape.get_width() for shape in shapes)
    assert wide - middle == pytest.approx(middle - narrow), "a factor of four each"
    bars = [patch.get_width() for patch in axes.patches if not hasattr(patch, "get_boxstyle")]
    assert len(bars) == 2 and bars[0] == pytest.approx(4 * bars[1])
    said = [text.get_text() for text in axes.texts]
    assert "mid · K 3" in said and "↓ max pooling" in said and said[0] == "title"


def test_long_fronts_show_as_many_networks_as_can_be_read(tmp_path, make_trials, config):
    trials = make_trials(*(("complete", "sampler", 0.2 + n / 100, 1000.0 * (n + 1)) for n in range(40)))
    write_json(tmp_path / "config.json", config.to_dict())
    write_tables(tmp_path, trials, config, None)
    paths = write_figures(tmp_path, "svg")
    costs = [text for text in texts_in(paths[-1]) if re.fullmatch(r"\d+k", text)]
    assert len(costs) == 16 and costs[0] == "1k" and costs[-1] == "40k"


def test_without_matplotlib_one_line_says_how_to_install_it(run_folder):
    code = "import sys; sys.modules['matplotlib'] = None; sys.argv[0] = 'results.report'; "
    code += "import runpy; runpy.run_module('results.report', {}, '__main__')"
    command = [sys.executable, "-c", code, str(run_folder), "--format", "svg"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "mobinas: --format needs the package matplotlib: pip install -e '.[figures]'\n"


def test_a_name_says_the_format():
    assert format_of(Path("a/front.pdf"), "--out") == "pdf"
    with pytest.raises(InputError, match=r"--plot a.jpg: the name of a figure must end in .svg, .png, .pdf"):
        format_of(Path("a.jpg"), "--plot")


@pytest.mark.parametrize("words, columns", [("front", 3), ("searched, sampler front", 2), ("searched " * 5, 1)])
def test_a_legend_is_no_wider_than_its_figure(words, columns):
    with paper_style():
        figure = new_figure(2)
        axes = figure.add_subplot()
        for number in range(3):
            axes.plot([0, 1], label=f"{words} {number}")
        legend_above(figure, axes)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert len({round(text.get_window_extent().x0) for text in legend.get_texts()}) == columns
    assert legend.get_window_extent().width <= figure.bbox.width
