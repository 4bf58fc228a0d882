"""How networks look in figures, on the page and on paper: each kind has its colour, its sign and its name."""

from typing import Any

PUBLISHED = "published (test images)"
COLOURS = {
    "searched": "#9aa1a9",
    "front": "#d55e00",
    "hand": "#0072b2",
    "best": "#e69f00",
    "published": "#009e73",
    "retrained": "#cc79a7",
}
"""Of each kind of network, told apart by the colour-blind too (Okabe and Ito, 2008)."""
HUES = (*(COLOURS[kind] for kind in ("hand", "front", "published", "retrained", "best")), "#56b4e9", "#555555")
"""Of things that are many of a kind."""
HOVER = "%{text}<extra></extra>"
_LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "searched": ("searched", {"size": 6}),
    "front": ("front", {"size": 8}),
    "hand": ("hand-designed", {"size": 9, "symbol": "diamond-open"}),
    "best": ("recommended", {"size": 16, "symbol": "star", "line": {"color": "#555", "width": 1}}),
    "published": (PUBLISHED, {"size": 8, "symbol": "x-thin-open"}),
    "retrained": ("retrained (test images)", {"size": 11, "symbol": "triangle-up"}),
}
STYLES: dict[str, dict[str, Any]] = {
    role: {"name": name, "mode": "markers", "marker": marker} for role, (name, marker) in _LOOKS.items()
}
STYLES["front"] |= {"mode": "lines+markers", "line": {"shape": "hv"}}
"""How Plotly draws each kind of network, in this order, but for the colour; here and on the page."""
