"""One network, drawn from its input to its output."""

from collections.abc import Sequence
from math import log2

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from results.figures.choices import OF_BLOCKS
from results.figures.style import INK, MUTED, WIDTH, new_figure
from results.looks import COLOURS
from results.network import Box

# All in inches.
HEAD, ROW, POOL = 0.36, 0.2, 0.13
"""Above the first box, each box, and what a pooling adds below it."""
MARGIN, MIDDLE, NARROWEST, WIDEST = 0.06, 1.42, 0.75, 1.36
"""The left margin, the middle of the boxes, and their widths."""
CHANNELS, BARS, LONGEST = 2.36, 2.44, 0.45
"""Where the numbers of channels end, where the bars of shares begin, and how long the longest is."""
SMALL, SMALLER, MANY, LETTER = 6.5, 5.5, 26, 0.05
"""Points: text, and that of a box with many letters; inches: a letter of a box."""


def network_drawn(boxes: Sequence[Box], title: str) -> Figure:
    """A box a part: the wider, the more channels; on the right its share of the OPs.

    Args:
        boxes: from the input to the output.
        title: above them.
    """
    tops, height = [], HEAD
    for box in boxes:
        tops.append(height)
        height += ROW + (POOL if box.pool else 0)
    figure = new_figure(height + MARGIN)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height + MARGIN, 0)
    axes.set_axis_off()
    axes.text(MARGIN, 0.1, title, va="center", color=INK)
    if any(box.channels for box in boxes):
        _small(axes, CHANNELS, 0.27, "channels", ha="right", color=MUTED)
    if any(box.share for box in boxes):
        _small(axes, BARS, 0.27, "share of OPs", color=MUTED)
    most = max((box.channels or 1 for box in boxes), default=1)
    longest = max((box.share or 0 for box in boxes), default=0)
    for box, top in zip(boxes, tops):
        _draw_box(axes, box, top, _width(box, most))
        if box.share:
            _draw_share(axes, box.share, top + ROW / 2, LONGEST / longest)
    return figure


def _width(box: Box, most: int) -> float:
    """By the logarithm of the channels; where they are not known, as wide as the words."""
    by_channels = NARROWEST + (WIDEST - NARROWEST) * log2(box.channels or 1) / max(1, log2(most))
    return max(by_channels, min(WIDEST, LETTER * len(_words(box))))


def _words(box: Box) -> str:
    return " · ".join(box.words)


def _draw_box(axes: Axes, box: Box, top: float, width: float) -> None:
    middle, color = top + ROW / 2, OF_BLOCKS.get(box.block, COLOURS["searched"])
    corner, size, style = (MIDDLE - width / 2, top + 0.02), (width, ROW - 0.04), "round,pad=0,rounding_size=0.04"
    axes.add_patch(
        FancyBboxPatch(corner, *size, boxstyle=style, facecolor=f"{color}40", edgecolor=color, linewidth=0.8)
    )
    _small(axes, MARGIN, middle, box.name or "network", color=MUTED)
    font = SMALL if len(_words(box)) <= MANY else SMALLER
    axes.text(MIDDLE, middle, _words(box), ha="center", va="center", fontsize=font, color=INK)
    if box.channels:
        _small(axes, CHANNELS, middle, str(box.channels), ha="right", color=MUTED)
    if box.pool:
        _small(axes, MIDDLE, top + ROW + POOL / 2, f"↓ {box.pool} pooling", ha="center", color=MUTED)


def _draw_share(axes: Axes, share: float, middle: float, scale: float) -> None:
    axes.add_patch(Rectangle((BARS, middle - 0.05), share * scale, 0.1, facecolor=COLOURS["hand"]))
    _small(axes, BARS + share * scale + 0.04, middle, f"{share:.1%}", color=INK)


def _small(axes: Axes, x: float, y: float, text: str, *, ha: str = "left", color: str) -> None:
    axes.text(x, y, text, ha=ha, va="center", fontsize=SMALL, color=color)
