"""The front: accuracy over cost, with the networks that it beats."""

from itertools import cycle
from typing import Any

from matplotlib.figure import Figure

from results.figures.style import INK, MUTED, cost_axis, legend_above, new_figure, share_axis
from results.looks import COLOURS, PUBLISHED
from results.points import ParetoInfo, Points
from results.words import tick

HEIGHT = 2.6


def front_drawn(info: ParetoInfo) -> Figure:
    """The front as a step line, with bars that hold 95 %."""
    figure = new_figure(HEIGHT)
    axes = figure.add_subplot()

    def dots(points: Points, role: str, name: str, **style: Any) -> None:
        if points.cost:
            marks = {"linestyle": "none", "color": COLOURS[role], **style}
            axes.plot(points.cost, points.accuracy, label=name, **marks)

    front, color = info.front, COLOURS["front"]
    dots(info.dominated, "searched", "searched", marker=".", markeredgewidth=0)
    dots(info.baselines, "hand", "hand-designed", marker="D", fillstyle="none", markersize=3.5, markeredgewidth=0.9)
    axes.step(front.cost, front.accuracy, where="post", color=color, marker="o", markersize=3, label="front")
    if front.errors:
        axes.errorbar(front.cost, front.accuracy, yerr=front.errors, fmt="none", ecolor=color, elinewidth=0.7)
    dots(info.best, "best", "recommended", marker="*", markersize=9, markeredgecolor=INK, markeredgewidth=0.5, zorder=5)
    dots(info.published, "published", PUBLISHED, marker="x")
    dots(info.retrained, "retrained", "retrained (test images)", marker="^")
    lines = {f"{name}: {info.objective.show(cost)}": cost for name, cost in info.peers.items()}
    if info.budget is not None:
        lines[f"budget: {tick(info.budget, info.objective)}"] = info.budget
    for dash, (name, cost) in zip(cycle(("--", ":", "-.")), lines.items()):
        axes.axvline(cost, color=MUTED, linestyle=dash, linewidth=0.8, label=name)
    shown = (front, info.dominated, info.baselines, info.published, info.retrained)
    cost_axis(axes, info.objective, [*(cost for points in shown for cost in points.cost), *lines.values()])
    share_axis(axes, info.height_title)
    legend_above(figure, axes)
    return figure
