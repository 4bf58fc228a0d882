"""Name the classes of pictures.

    python -m mobinet.predict runs/digits picture.jpg another.png

It prints a line a picture: its path and its class.
"""

import argparse

from mobinet.classifier import load_packed
from space.command import Parser, add_own_family, run_command, user_path
from space.errors import printable


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m mobinet.predict", description=__doc__)
    parser.add_argument("model", type=user_path, help="a folder of search.retrain, a run with one, or a .safetensors")
    parser.add_argument("pictures", nargs="+", type=user_path, help="picture files of any format and size")
    add_own_family(parser)
    return parser.parse_args()


def main() -> None:
    args = parse()
    classifier = load_packed(args.model)
    for picture in args.pictures:
        (name,) = classifier.predict([picture])
        print(printable(f"{picture}: {name}"), flush=True)


if __name__ == "__main__":
    run_command(main)
