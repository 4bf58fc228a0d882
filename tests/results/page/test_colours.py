"""Contrasts of the page's colours, as WCAG 2.1 defines and asks for them (AA)."""

import re
from pathlib import Path

import pytest

from results.page.choices import DARKEST, OF_WORDS
from results.page.html import HUES
from space.families.mobinet import BLOCKS

CSS = (Path(__file__).parents[3] / "results" / "page" / "report.css").read_text()
MODES = ["light", "dark"]
DRAWN = {*HUES, "searched", "front", "hand", "best", "published", "retrained", "pre", "mid", "post", "none"}


def colours_in(mode: str) -> dict[str, tuple[float, ...]]:
    """Each as red, green and blue, 0 to 1; what the dark ones leave out is as in the light."""
    parts = CSS.split("@media screen and (prefers-color-scheme: dark)")
    text = parts[0] if mode == "light" else parts[0] + parts[1].partition("}")[0]
    found = dict(re.findall(r"--([\w]+): (#[0-9a-f]+|var\(--\w+\));", text))
    for name, value in found.items():
        found[name] = found[value[6:-1]] if value.startswith("var") else value
    return {name: parsed(value.removeprefix("#")) for name, value in found.items()}


def parsed(digits: str) -> tuple[float, ...]:
    whole = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    return tuple(int(whole[place : place + 2], 16) / 255 for place in (0, 2, 4))


def contrast(one, other) -> float:
    lights = []
    for colour in (one, other):
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_black_on_white_has_the_contrast_of_the_standard():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_drawn_stands_out(mode):
    """Three to one, as graphics need."""
    colours = colours_in(mode)
    faint = {name for name in DRAWN if contrast(colours[name], colours["ground"]) < 3}
    assert faint == set()


@pytest.mark.parametrize("mode", MODES)
def test_text_can_be_read(mode):
    """4.5 to one; the accent is the colour of links, and below the text of a pressed button."""
    colours = colours_in(mode)
    for name in ("text", "muted", "accent"):
        for below in ("ground", "surface"):
            assert contrast(colours[name], colours[below]) >= 4.5, (name, below)


@pytest.mark.parametrize("mode", MODES)
def test_text_in_the_heat_map_can_be_read(mode):
    """At most so much of a cell's colour is a hue, the rest the ground's."""
    colours = colours_in(mode)
    words = dict.fromkeys((*BLOCKS, "choice0", "choice1", "choice2", "choice3"), OF_WORDS)
    for name, depth in {**words, "hand": DARKEST}.items():
        cell = [depth * part + (1 - depth) * ground for part, ground in zip(colours[name], colours["ground"])]
        assert contrast(colours["text"], cell) >= 4.5, name
