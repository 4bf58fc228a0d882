"""One self-contained page that shows a run.

python -m results.report runs/digits
"""

import argparse
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from results.command import run_command
from results.files import check_sums, read_json, write_atomic
from results.plot import PUBLISHED, pareto_figure, pareto_info
from results.published import published_on
from results.retrained import Retrained, agreement, read_retrained
from results.run_config import RunConfig, read_config
from results.tables import COSTS, read_trials
from space import InputError
from space.errors import first_line
from space.family import find_family

JUDGED = {"proxy": "judged by short trainings", "supernet": "judged by one supernet, without training"}

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-size: 13px } td, th { padding: 2px 10px; text-align: right }
td:last-child, th:last-child { text-align: left; white-space: nowrap } tr:nth-child(even) { background: #f5f5f5 }
"""


def write_report(folder: Path, *, published: bool = False) -> Path:
    """Write ``report.html`` from what the run in `folder` left, and return its path.

    Args:
        folder: the run's.
        published: overlay what papers report on the same data set; a folder of images is taken for ImageNet.

    Raises:
        InputError: the folder holds no run, one in which nothing is complete yet, or files that were changed.
    """
    check_sums(folder, "config.json", "trials.csv", "pareto.json", "best.json")
    try:
        config = read_config(folder)
        trials = read_trials(folder)
        pareto, best = read_json(folder / "pareto.json"), read_json(folder / "best.json")
        retrained = read_retrained(folder, trials, config)
        page = render(trials, config=config, pareto=pareto, best=best, retrained=retrained, published=published)
    except InputError:
        raise
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder} holds no finished trials to show ({first_line(error)}); run python -m search.run first"
        ) from None
    path = folder / "report.html"
    write_atomic(path, page)
    return path


def rewrite_report(folder: Path) -> Path:
    """Write the report again, with published results where it shows them already; raises as `write_report` does."""
    path = folder / "report.html"
    return write_report(folder, published=path.exists() and PUBLISHED.encode() in path.read_bytes())


def render(
    trials: pd.DataFrame,
    *,
    config: RunConfig,
    pareto: dict[str, Any],
    best: dict[str, Any],
    retrained: Retrained,
    published: bool = False,
) -> str:
    """The page, with plotly inside."""
    family = find_family(config.family)
    title = f"{config.family} on {config.dataset}"
    overlay = published_on(config.published_as) if published else None
    info = pareto_info(trials, family=config.family, best_key=best["key"], published=overlay, retrained=retrained.rows)
    figure = pareto_figure(info)
    front = pd.DataFrame(
        {
            "key": item["key"],
            f"accuracy ({config.evaluator})": f"{item['accuracy']:.2%}",
            **({} if item.get("expected") is None else {"expected": f"{item['expected']:.2%}"}),
            **{name: f"{item['cost'][name]:,.0f}" for name in COSTS},
            "architecture": family.describe(item["architecture"]["genes"]),
        }
        for item in pareto["front"]
    )
    failed = trials.loc[trials["state"] == "failed", ["number", "key", "reason"]]
    sections = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(summary(trials, config=config, pareto=pareto))}</p>",
        f"<p>{escape(noise_text(config, pareto))}</p>",
        figure.to_html(full_html=False, include_plotlyjs=True, default_height="38rem"),
        f"<h2>Best: {escape(best['key'])}</h2><p>{escape(best['rule'])}</p>",
        f"<h2>The front</h2>{front.to_html(index=False, border=0)}",
        retrained_section(retrained, config.evaluator),
        f"<h2>Failed trials</h2>{failed.to_html(index=False, border=0)}" if len(failed) else "",
    ]
    head = f"<meta charset='utf-8'><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(sections)}</body></html>\n"


def retrained_section(retrained: Retrained, evaluator: str) -> str:
    """What networks reached when trained for good, beside the accuracy that the search gave them."""
    rows = retrained.rows
    table = pd.DataFrame(
        {
            "key": rows["key"],
            f"searched ({evaluator}, validation)": rows["searched"].map("{:.2%}".format),
            "retrained (validation)": rows["validation"].map("{:.2%}".format),
            "retrained (test)": rows["test"].map("{:.2%}".format),
            "ops": rows["ops"].map("{:,.0f}".format),
            "epochs": rows["epochs"],
            "architecture": rows["architecture"],
        }
    )
    left_out = f"Not shown: {'; '.join(retrained.left_out)}." if retrained.left_out else ""
    parts = [
        table.to_html(index=False, border=0) if len(rows) else "",
        *(f"<p>{escape(text)}</p>" for text in (agreement(rows), left_out) if text),
    ]
    return f"<h2>Retrained</h2>{''.join(parts)}" if any(parts) else ""


def summary(trials: pd.DataFrame, *, config: RunConfig, pareto: dict[str, Any]) -> str:
    """What was searched, and how far it came."""
    states = ", ".join(f"{count} {state}" for state, count in trials["state"].value_counts().items())
    budget = f", at most {config.max_ops:,.0f} OPs" if config.max_ops else ""
    return (
        f"{config.networks:,} networks on {config.backbone} at width {config.width:g}{budget}; "
        f"sampler {config.sampler}, seed {config.seed}; "
        f"{JUDGED.get(config.evaluator, f'judged by {config.evaluator}')}; trials: {states}. "
        f"The front has {len(pareto['front'])} networks; it dominates {pareto['hypervolume']:.2%} of the box up to "
        f"{pareto['reference']['ops']:,.0f} OPs and down to {pareto['reference']['accuracy']:.1%} accuracy."
    )


def noise_text(config: RunConfig, pareto: dict[str, Any]) -> str:
    """How far to trust a difference between two accuracies."""
    count = config.validation_images
    accuracy = max(item["accuracy"] for item in pareto["front"])
    sampling = (
        f"Judging on {count:,} images alone leaves a standard error of {(accuracy * (1 - accuracy) / count) ** 0.5:.2%}"
    )
    if pareto["noise"] is None:
        return f"{sampling}; the noise between seeds was not measured."
    noise = pareto["noise"]
    return (
        f"Noise: training the same network again under another seed moves its accuracy by a standard deviation of "
        f"{noise['std']:.2%} (from {noise['pairs']} pairs); at 95 %, one training each tells "
        f"two networks apart when they differ by {2.8 * noise['std']:.1%} or more. "
        f"{sampling} on top, common to all networks."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m results.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of the run, such as runs/digits")
    parser.add_argument("--published", action="store_true", help="overlay what papers report on the same data set")
    args = parser.parse_args()
    print(f"wrote {write_report(args.run, published=args.published)}")


if __name__ == "__main__":
    run_command(main)
