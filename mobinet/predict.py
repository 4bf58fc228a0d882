"""Name the classes of pictures.

    python -m mobinet.predict runs/digits picture.jpg another.png

It prints a line a picture: its path, then its most likely classes, each with its probability as the network sees it,
the softmax of its scores. The calibration error of mobinas evaluate says how far that can be trusted. A picture that
cannot be read is named with the reason, and the exit code is 2.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mobinet.classifier import load_packed
from space.command import Parser, add_own_family, complain, run_command, user_path
from space.errors import InputError, printable

SHOWN = 3
"""Classes of a picture."""


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m mobinet.predict", description=__doc__)
    parser.add_argument("model", type=user_path, help="folder of a retraining, run with one, or a .safetensors file")
    parser.add_argument("pictures", nargs="+", type=user_path, help="picture files of any format and size")
    add_own_family(parser)
    return parser.parse_args()


def main() -> None:
    args = parse()
    classifier = load_packed(args.model)
    all_read = True
    for picture in args.pictures:
        try:
            (scores,) = classifier.scores([picture])
        except InputError as error:
            complain(str(error))
            all_read = False
        else:
            print(printable(f"{picture}: {likely(classifier.classes, scores)}"), flush=True)
    if not all_read:
        sys.exit(2)


def likely(classes: Sequence[str], scores: NDArray[np.float32]) -> str:
    """The classes of the highest scores, such as ``ant 81%, bee 12%, cat 4%``."""
    exponentials = np.exp(scores - scores.max())
    shares = exponentials / exponentials.sum()
    return ", ".join(f"{classes[number]} {shares[number]:.0%}" for number in np.argsort(-scores, kind="stable")[:SHOWN])


if __name__ == "__main__":
    run_command(main)
