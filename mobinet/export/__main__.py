"""Write a trained network as files that others can run.

    python -m mobinet.export runs/digits/retrain/KEY --format c --out network

From a folder of `search.retrain`, a whole run with one, or a `model.safetensors`.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mobinet.export import FORMATS, STREAMS
from mobinet.export.agreement import compare
from mobinet.export.examples import NAME as EXAMPLES
from mobinet.export.examples import read_examples
from mobinet.export.packed import NAME
from mobinet.export.trained import find_model, load_trained
from space import InputError
from space.command import Parser, add_own_family, run_command, user_path


def parse() -> argparse.Namespace:
    parser = Parser(prog="python -m mobinet.export", description=__doc__)
    parser.add_argument("model", type=user_path, help=f"folder of a retraining, run with one, or a {NAME}")
    formats = "; ".join(f"{name}: {kind.summary}" for name, kind in FORMATS.items())
    parser.add_argument("--format", required=True, choices=FORMATS, help=formats)
    streams = "; ".join(f"{name}: {meaning}" for name, meaning in STREAMS.items())
    parser.add_argument(
        "--stream", choices=STREAMS, default="float32", help=f"values between layers (default: %(default)s). {streams}"
    )
    parser.add_argument("--out", type=user_path, required=True, help="folder to write to")
    add_own_family(parser)
    return parser.parse_args()


def main() -> None:
    args = parse()
    model, kind = find_model(args.model), FORMATS[args.format]
    if args.stream not in kind.streams:
        able = " or ".join(name for name, other in FORMATS.items() if args.stream in other.streams)
        raise InputError(f"--stream {args.stream} goes with --format {able}")
    network = replace(load_trained(model), stream=args.stream)
    examples = read_examples(model.with_name(EXAMPLES), network)
    written = kind.files(network)
    foreign = [name for name in sorted(written) if (args.out / name).exists()]
    if foreign and not kind.wrote(args.out):
        raise InputError(f"{args.out} holds a {foreign[0]} that no export to {args.format} wrote; give another --out")
    if examples:
        streams = dict.fromkeys(("float32", args.stream))
        compared = {stream: compare(kind, replace(network, stream=stream), examples) for stream in streams}
        agreements = {stream: agreement for stream, agreement in compared.items() if agreement}
        network = replace(network, agreements=agreements)
        written = kind.files(network)
    args.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=args.out, prefix=".export-") as begun:  # so that a killed export leaves no part of one
        for name, content in written.items():
            (Path(begun) / name).write_bytes(content)
        for name in written:
            (Path(begun) / name).replace(args.out / name)
    print(f"wrote {', '.join(sorted(written))} to {args.out}")
    for stream, agreement in network.agreements.items():
        print(f"{stream} against PyTorch: {agreement}")


if __name__ == "__main__":
    run_command(main)
