"""How a network classifies images, as tables for a terminal."""

import pandas as pd

from results.caution import FAIR, network_caution
from results.evaluated import BINS, Evaluated
from results.measures import ACCURACY, TITLES
from results.words import folded
from space.errors import printable

ROWS = 20
"""Classes of the table; where there are more, those of the lowest recall."""
COLUMNS = 15
"""With more classes the matrix is too wide for a terminal."""


def text_of(evaluated: Evaluated) -> str:
    """The measures, a table of classes, the confusion matrix where it is narrow enough, and what was not shown."""
    parts = [measures_text(evaluated), classes_text(evaluated)]
    if len(evaluated.classes) <= COLUMNS:
        parts.append(confusion_text(evaluated))
    caution = network_caution(FAIR.of(evaluated.counts), classes=len(evaluated.classes), images=evaluated.images)
    parts.append(folded(caution))
    return "\n\n".join(filter(None, parts))


def measures_text(evaluated: Evaluated) -> str:
    """A line each."""
    bins = evaluated.bins
    values = {TITLES[name]: f"{score:7.2%}" for name, score in evaluated.counts.scores().items()}
    values[ACCURACY.title] += f" ± {evaluated.standard_error:.2%} (standard error, {evaluated.images:,} images)"
    confidence = bins.confidence.sum() / evaluated.images
    values["calibration error"] = f"{bins.error:7.2%} (expected, {BINS} bins; mean confidence {confidence:.2%})"
    width = max(map(len, values))
    return "\n".join(f"{title:<{width}}  {value}" for title, value in values.items())


def classes_text(evaluated: Evaluated) -> str:
    """Images, recall, precision and the commonest mistake of each class."""
    table = pd.DataFrame(
        {
            "class": [printable(name) for name in evaluated.classes],
            "images": evaluated.counts.labels,
            "recall": [_share(recall) for recall in evaluated.recall],
            "precision": [_share(precision) for precision in evaluated.precision],
            "most often taken for": [_mistake(evaluated, label) for label in range(len(evaluated.classes))],
        }
    )
    head = ""
    if len(table) > ROWS:
        worst = sorted(range(len(table)), key=lambda row: 2.0 if (recall := evaluated.recall[row]) is None else recall)
        head = f"the {ROWS} of {len(table):,} classes with the lowest recall; --json writes all\n"
        table = table.iloc[worst[:ROWS]]
    return head + table.to_string(index=False)


def confusion_text(evaluated: Evaluated) -> str:
    """The matrix; nothing where there is a zero."""
    names = [printable(name) for name in evaluated.classes]
    table = pd.DataFrame(evaluated.confusion, index=pd.Index(names), columns=pd.Index(names))
    shown = table.astype(str).where(table > 0, ".")
    return f"images by class (rows) and by the class that they are taken for (columns)\n{shown.to_string()}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _mistake(evaluated: Evaluated, label: int) -> str:
    mistake = evaluated.mistaken(label)
    return f"{printable(mistake[0])} ({mistake[1]:,})" if mistake else ""
