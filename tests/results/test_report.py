"""The page that shows a run."""

import json
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from results.entry import Entry
from results.files import write_json
from results.front import Front
from results.noise import Noise
from results.page.summary import noise_text
from results.report import write_report
from results.tables import write_tables
from space import Architecture, InputError

ROOT = Path(__file__).parents[2]


class Tags(HTMLParser):
    """Addresses that a page loads, the content of its scripts, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses, self.scripts, self.text, self._inside = [], [], "", ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        else:
            self.text += data


def record_of(page: str) -> dict:
    """What the script of a page draws."""
    return next(json.loads(script) for script in Tags(page).scripts if script.startswith("{"))


def page_of(folder: Path) -> str:
    return write_report(folder).read_text()


def test_page_says_why_a_queued_trial_has_no_network(run_folder, trials, config):
    write_tables(run_folder, trials, config, None, {7: "queued, but layer0.k = 9 is none of 0, 1"})
    assert "queued, but layer0.k = 9 is none of 0, 1" in Tags(page_of(run_folder)).text


def test_page_is_self_contained_and_names_every_network(run_folder, trials):
    page = page_of(run_folder)
    tags = Tags(page)
    assert tags.addresses == []
    assert any(len(script) > 1_000_000 for script in tags.scripts)
    complete = trials[trials["state"] == "complete"]
    networks = record_of(page)["networks"]
    assert networks["number"] == complete["number"].tolist() and networks["key"] == complete["key"].tolist()
    assert "mobinet on digits" in tags.text
    assert "6 complete, 1 failed" in tags.text
    assert "ValueError: broken" in tags.text
    assert "1.23 points" in tags.text


def test_page_says_what_is_in_doubt(run_folder, trials, config):
    assert "guessing" not in page_of(run_folder)
    write_tables(run_folder, trials.assign(accuracy=trials["accuracy"] / 9), config, None)  # at most 10 %
    assert "<p class='caution'>No network is shown to do better than guessing: " in page_of(run_folder)


def test_page_escapes_what_it_shows(run_folder, trials, config):
    bad = "<script>alert(1)</script>"
    trials.loc[4, "reason"] = bad
    write_json(run_folder / "config.json", replace(config, dataset=bad).to_dict())
    write_tables(run_folder, trials, replace(config, dataset=bad), None)
    page = page_of(run_folder)
    assert bad not in page
    assert Tags(page).text.count(bad) >= 3  # title, heading, failed trial
    assert not any(script.startswith("alert") for script in Tags(page).scripts)


def test_long_texts_are_shown_whole(run_folder, trials, config):
    reason = f"RuntimeError: {'a long tale ' * 10}of woe"
    trials.loc[4, "reason"] = reason
    network = Architecture.uniform("mobilenet-32", block="mid", k=3)
    trials = trials.drop(columns=list(config.genes)).assign(**network.choices)
    genes = {name: [c] for name, c in network.choices.items()}
    config = replace(config, backbone="mobilenet-32", genes=genes)
    write_json(run_folder / "config.json", config.to_dict())
    write_tables(run_folder, trials, config, None)
    text = Tags(page_of(run_folder)).text
    assert reason in text
    assert network.describe() in text


@pytest.mark.parametrize("key", ["000000000012", "12345e678901"])
def test_a_key_that_looks_like_a_number_stays_a_key(tmp_path, make_trials, config, key):
    write_json(tmp_path / "config.json", config.to_dict())
    write_tables(tmp_path, make_trials(("complete", "baseline", 0.5, 1e3), keys=[key]), config, None)
    page = page_of(tmp_path)
    assert record_of(page)["networks"]["key"] == [record_of(page)["best"]] == [key]
    assert f"<tr data-key='{key}'>" in page


def test_noise_is_put_in_words(trials, config):
    rows = trials.loc[[1, 0]].assign(accuracy=[0.5, 0.8]).to_dict("records")
    entries = tuple(Entry.of(row, config) for row in rows)
    noise = Noise(std=0.01, pairs=8)
    front = Front(entries=entries, reference=config.reference, hypervolume=0.5, noise=noise)
    text = noise_text(replace(config, validation_images=400), front)
    assert "2.00 points" in text  # sqrt(0.8 * 0.2 / 400)
    assert "1.00 points" in text and "8 pairs" in text and "2.8 points" in text
    one = noise_text(config, replace(front, noise=replace(noise, pairs=1)))
    assert "from 1 pair)" in one
    assert "not measured" in noise_text(config, replace(front, noise=None))


@pytest.mark.parametrize("name", ["config.json", "trials.csv", "pareto.json", "best.json"])
@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b"number,state\n", b"\xff\xfe\x00", b'{"front": []}'])
def test_a_damaged_run_is_an_input_error(run_folder, name, content):
    (run_folder / name).unlink()
    if content is not None:
        (run_folder / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        write_report(run_folder)
    assert len(str(error.value).splitlines()) == 1
    assert not (run_folder / "report.html").exists()


def report(*args: str, without: tuple[str, ...]) -> subprocess.CompletedProcess:
    code = f"import sys; sys.modules |= dict.fromkeys({without}); "
    code += "import runpy; runpy.run_module('results.report', {}, '__main__')"
    return subprocess.run([sys.executable, "-c", code, *args], cwd=ROOT, capture_output=True, text=True)


def test_help_needs_no_large_package(run_folder):
    done = report("--help", without=("torch", "pandas", "plotly", "scipy"))
    assert (done.returncode, done.stderr) == (0, "") and "--published" in done.stdout


def test_command_needs_no_torch(run_folder):
    done = report(str(run_folder), without=("torch",))
    assert (done.returncode, done.stderr) == (0, "")
    assert record_of((run_folder / "report.html").read_text())["networks"]["number"] == [0, 1, 2, 3, 5, 6]


def test_missing_run_is_one_line_and_exit_code_2(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "results.report", str(tmp_path / "MISSING")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("mobinas: ") and done.stderr.count("\n") == 1
    assert "MISSING" in done.stderr


@pytest.mark.parametrize(
    "lost, content, named",
    [
        ("config.json", None, "is not the folder of a run: it lacks config.json"),
        ("trials.csv", None, "nothing is written yet"),
        ("pareto.json", None, "without a complete trial, see "),
        ("pareto.json", None, "or its pareto.json was deleted"),
        ("best.json", None, "lacks best.json; to write it again, repeat the command of the search"),
        ("pareto.json", '{"front": [], "hypervolume": 0.0}', "pareto.json is not what a search writes"),
        ("trials.csv", "", "trials.csv is not what a search writes"),
        ("trials.csv", 'number,state\n0,"comp', "trials.csv is not what a search writes"),
        ("trials.csv", "number,state\n0,complete\n", "it has no column source"),
    ],
)
def test_what_is_missing_is_named(run_folder, lost, content, named):
    (run_folder / "SHA256SUMS").unlink()
    (run_folder / lost).unlink() if content is None else (run_folder / lost).write_text(content)
    with pytest.raises(InputError) as error:
        write_report(run_folder)
    assert named in str(error.value) and "\n" not in str(error.value)
