"""The words of the page that a newcomer may not know."""

from results.page.html import shown

WORDS = {
    "OPs": "float multiply-accumulates, plus 1/64 of the binary ones",
    "block": "pre, mid or post: the order of the convolutions in a layer; a space file may add none, with a 1x1 less",
    "K": "2^K channels see each other in each 3x3 convolution",
    "FLOPs, BOPs": "float and binary multiply-accumulates; OPs = FLOPs + BOPs / 64",
    "padded BOPs": "BOPs of software that computes 32 channels at a time, also where a group has fewer",
    "params": "parameters: the numbers that a training learns",
    "bytes": "of the weights alone, 1 bit a binary one; a file has a header on top, the flash of a device the code",
    "RAM": "working memory of the network exported as C, in bytes",
    "latency": "time, or instructions, for one image on the device whose table the search was given",
    "pooling": "avg, max or min: what is kept of neighbouring pixels where a layer makes its images smaller",
    "mid3/avg": "a layer in short: block mid, K 3, average pooling",
    "ch": "channels: the number of maps that leave a layer",
    "gene": "one choice of a network, such as layer4.k: K of layer 4",
    "backbone, width": "what all networks of a search share: the plan of the layers, and a factor on their channels",
    "key": "the name that the commands have for a network",
    "hand-designed, baseline": "the networks of the paper, alike in all layers; trained too, to compare with",
    "trial": "one network that the search judged; a failed one has no accuracy, a stopped one was not worth a full one",
    "sampler": "what proposes the networks that a search trains",
    "random search": "the plainest sampler, which draws each network at random",
    "proxy": "a short training from scratch, in place of a full one",
    "supernet": "one set of weights that all networks of a search share, in place of a training of each",
    "seed": "where random numbers begin; with another one the same training ends at another accuracy",
    "front": "the networks that no other beats in both accuracy and cost",
    "recommended, knee": "the most accurate within the budget; if all fit, where more cost begins to gain less",
    "hypervolume": "how good a front is, in one number, which grows with higher accuracies and with lower costs",
    "validation, test": "images that no training sees; a search judges on the first, a retraining, once, on the second",
    "measured accuracy": "what the search measured of a network, on validation images",
    "expected accuracy": "smoothed by a regression over all measured ones, so that one lucky training does not decide",
    "balanced accuracy, macro F1": "means over the classes, so that one with few images counts as much as any other",
    "top-5 accuracy": "the share of images whose class is among the five that a network finds most likely",
    "points": "differences of accuracies: from 50% to 52% are 2 points",
    "±": "an interval that holds the true value, at a confidence of 95%",
    "within noise": "so close that chance alone explains the difference",
    "Kendall's tau": "how alike two orders of networks are: 1 the same, 0 none in common, -1 the reverse",
}
"""Those of the README have its meanings."""


def glossary() -> str:
    """A folded list of them."""
    items = "".join(f"<dt>{shown(word)}</dt><dd>{shown(meaning)}</dd>" for word, meaning in WORDS.items())
    return (
        "<section id='section-words' class='words'><details><summary>What the words on this page mean</summary>"
        f"<dl>{items}</dl></details></section>"
    )
