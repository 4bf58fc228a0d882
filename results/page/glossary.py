"""The words of the page that a newcomer may not know."""

from html import escape

WORDS = {
    "OPs": "float multiply-accumulates, plus 1/64 of the binary ones",
    "block": "pre, mid or post: the order of the convolutions in a layer",
    "K": "2^K channels see each other in each 3x3 convolution",
    "FLOPs, BOPs": "float and binary multiply-accumulates; OPs = FLOPs + BOPs / 64",
    "pooling": "avg, max or min: what is kept of neighbouring pixels where a layer makes its images smaller",
    "mid3/avg": "a layer in short: block mid, K 3, average pooling",
    "gene": "one choice of a network, such as layer4.k: K of layer 4",
    "hand-designed, baseline": "the networks of the paper, alike in all layers; trained too, to compare with",
    "sampler": "what proposes the networks that a search trains",
    "proxy": "a short training from scratch, in place of a full one",
    "front": "the networks that no other beats in both accuracy and cost",
    "hypervolume": "how good a front is, in one number, which grows with higher accuracies and with lower costs",
    "measured accuracy": "what the search measured of a network, on images that it was not trained on",
    "expected accuracy": "smoothed by a regression over all measured ones, so that one lucky training does not decide",
    "±": "an interval that holds the true value, at a confidence of 95%",
    "within noise": "so close that chance alone explains the difference",
}
"""Those of the README have its meanings."""


def glossary() -> str:
    """A folded list of them."""
    items = "".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in WORDS.items())
    return (
        "<section id='section-words' class='words'><details><summary>What the words on this page mean</summary>"
        f"<dl>{items}</dl></details></section>"
    )
