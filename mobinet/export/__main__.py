"""Write a trained network as files that others can run.

    python -m mobinet.export runs/digits/retrain/KEY --format c --out network

From a folder of `search.retrain`, a whole run with one, or a `model.safetensors`.
"""

import argparse
import json
from pathlib import Path

from mobinet.export import FORMATS, TrainedNetwork
from mobinet.export.packed import NAME, load_packed
from space import Architecture, InputError
from space.command import Parser, run_command, user_path
from space.reading import read_input


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m mobinet.export", description=str(__doc__).splitlines()[0])
    parser.add_argument("model", type=user_path, help=f"a folder of search.retrain, a run with one, or a {NAME}")
    formats = "; ".join(f"{name}: {kind.summary}" for name, kind in FORMATS.items())
    parser.add_argument("--format", required=True, choices=FORMATS, help=formats)
    parser.add_argument("--out", type=user_path, required=True, help="folder to write to")
    return parser.parse_args()


def find_model(path: Path) -> Path:
    """The model in a file, a folder or a run. Raises InputError where there is none, or more than one."""
    if not path.is_dir():
        return path
    found = [path / NAME] if (path / NAME).exists() else sorted(path.glob(f"retrain/*/{NAME}"))
    if not found:
        raise InputError(f"{path} holds no {NAME}; python -m search.retrain writes one")
    if len(found) > 1:
        folders = ", ".join(str(model.parent) for model in found[:3])
        raise InputError(f"{path} holds {len(found)} trained networks; give one of their folders, such as {folders}")
    return found[0]


def load_trained(path: Path) -> TrainedNetwork:
    """The network in a `model.safetensors`, with its test accuracy where its summary lies beside it."""
    net, header = load_packed(path)
    try:
        mean, std, classes = (tuple(json.loads(header[name])) for name in ("mean", "std", "classes"))
    except KeyError as error:
        raise InputError(f"{path} does not say what its images are: its header lacks {error}; train it again") from None
    summary = path.parent / "summary.json"
    accuracy = json.loads(read_input(summary)).get("test_top1") if summary.exists() else None
    architecture = Architecture.from_json(header["architecture"])
    return TrainedNetwork(net=net, architecture=architecture, classes=classes, mean=mean, std=std, accuracy=accuracy)


def main() -> None:
    args = parse()
    path = find_model(args.model)
    written = FORMATS[args.format].files(load_trained(path))
    args.out.mkdir(parents=True, exist_ok=True)
    for name, content in written.items():
        (args.out / name).write_bytes(content)
    print(f"wrote {', '.join(sorted(written))} to {args.out}")


if __name__ == "__main__":
    run_command(main)
