"""How a network classifies images, as one SVG: the confusion matrix and the reliability diagram."""

from html import escape

from results.evaluated import BINS, Evaluated
from space.errors import printable

SIDE, MARGIN, GAP, TOP = 480, 130, 110, 60
"""Of each of the two squares, in pixels, and of what is around them."""
NUMBERED, NAMED = 20, 60
"""With more classes, cells are too small for numbers, or rows for names."""
LETTERS = 16
BLUE, ORANGE, INK, GREY = "#0072b2", "#d55e00", "#222", "#999"


def svg_of(evaluated: Evaluated) -> str:
    """The picture; each cell and bar says in words what it is, where the pointer rests on it."""
    width, height = MARGIN + 2 * SIDE + GAP + 30, TOP + SIDE + MARGIN
    title = (
        f"accuracy {evaluated.accuracy:.2%} ± {evaluated.standard_error:.2%} on {evaluated.images:,} images, "
        f"calibration error {evaluated.bins.error:.2%}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="12" fill="{INK}"><title>{title}</title>'
        f'<rect width="{width}" height="{height}" fill="white"/>'
        f"{_text(MARGIN, 24, title, size=16, anchor='start')}"
        f'<g transform="translate({MARGIN} {TOP})">{confusion_matrix(evaluated)}</g>'
        f'<g transform="translate({MARGIN + SIDE + GAP} {TOP})">{reliability_diagram(evaluated)}</g></svg>\n'
    )


def confusion_matrix(evaluated: Evaluated) -> str:
    """A square; the darker a cell, the larger the share of the row's images."""
    classes, cell = evaluated.classes, SIDE / len(evaluated.classes)
    parts = [_frame("the class of an image, downwards; what it is taken for, to the right")]
    for row, column in zip(*(axis.tolist() for axis in evaluated.confusion.nonzero())):
        parts.append(_cell(evaluated, row, column, cell))
    if len(classes) <= NAMED:
        for number, name in enumerate(classes):
            short, middle = _short(name), (number + 0.5) * cell
            parts.append(_text(-8, middle + 4, short, anchor="end"))
            parts.append(_text(middle + 4, SIDE + 10, short, anchor="end", turned=True))
    return "".join(parts)


def _cell(evaluated: Evaluated, row: int, column: int, side: float) -> str:
    count = int(evaluated.confusion[row, column])
    share = count / int(evaluated.confusion[row].sum())
    names = [escape(printable(evaluated.classes[label])) for label in (row, column)]
    number = ""
    if len(evaluated.classes) <= NUMBERED:
        ink = "white" if share > 0.5 else INK
        number = _text((column + 0.5) * side, (row + 0.5) * side + 4, f"{count:,}", ink=ink)
    return (
        f"<g><title>{names[0]} taken for {names[1]}: {count:,} images ({share:.1%})</title>"
        f'<rect x="{column * side:.2f}" y="{row * side:.2f}" width="{side:.2f}" height="{side:.2f}" fill="{BLUE}" '
        f'fill-opacity="{0.1 + 0.9 * share:.3f}"/>{number}</g>'
    )


def reliability_diagram(evaluated: Evaluated) -> str:
    """A bar for each bin of confidence, as high as its share of right images; a dot at its mean confidence."""
    bins, width = evaluated.bins, SIDE / BINS
    parts = [
        _frame("confidence, to the right; share classified right, upwards"),
        f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="{GREY}" stroke-dasharray="6 4"/>',
    ]
    for number, images in enumerate(bins.images.tolist()):
        if images:
            right, confidence = bins.right[number] / images, bins.confidence[number] / images
            parts.append(
                f"<g><title>{images:,} images of confidence {confidence:.1%}: {right:.1%} right</title>"
                f'<rect x="{number * width + 1:.2f}" y="{SIDE * (1 - right):.2f}" width="{width - 2:.2f}" '
                f'height="{SIDE * right:.2f}" fill="{BLUE}" fill-opacity="0.7"/>'
                f'<circle cx="{confidence * SIDE:.2f}" cy="{(1 - confidence) * SIDE:.2f}" r="4" fill="{ORANGE}"/></g>'
            )
    for share in (0.0, 0.5, 1.0):
        parts.append(_text(share * SIDE, SIDE + 18, f"{share:.0%}"))
        parts.append(_text(-8, (1 - share) * SIDE + 4, f"{share:.0%}", anchor="end"))
    parts.append(_text(SIDE / 2, SIDE + 40, "dots: mean confidence of a bin, where bars would end if it were right"))
    return "".join(parts)


def _frame(heading: str) -> str:
    outline = f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="{GREY}"/>'
    return outline + _text(SIDE / 2, -10, heading)


def _text(
    x: float, y: float, text: str, *, anchor: str = "middle", size: int = 12, ink: str = INK, turned: bool = False
) -> str:
    turn = f' transform="rotate(-45 {x:.2f} {y:.2f})"' if turned else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" font-size="{size}" fill="{ink}"{turn}>'
        f"{escape(text)}</text>"
    )


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
