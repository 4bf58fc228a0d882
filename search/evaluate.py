"""Evaluate a trained network: accuracy, confusion matrix, recall of each class, calibration.

    python -m search.evaluate runs/digits/retrain/KEY
    python -m search.evaluate network --dataset digits --json digits.json --svg digits.svg

The network is a folder of search.retrain, a run with one, a model.safetensors, or a folder of mobinet.export in C,
which is compiled and run. Images are the test images, unless --part names others.
"""

import argparse
from typing import TYPE_CHECKING

from results.files import write_json
from search.data.catalog import DATASETS, find_dataset
from search.flags import dataset
from space import InputError
from space.command import Parser, add_own_family, run_command, user_path
from space.writing import write_atomic

if TYPE_CHECKING:
    from results.evaluated import Evaluated

PARTS = {
    "test": ("test",),
    "train": ("train",),
    "all": ("train", "validation", "test"),
}
"""By what ``--part`` takes, the parts of a data set; those that search and retraining judge on are among ``train``."""


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="python -m search.evaluate", description=__doc__)
    parser.add_argument("model", type=user_path, help="a retraining, a run with one, a .safetensors, or a folder of C")
    parser.add_argument(
        "--dataset",
        type=dataset,
        help=f"{', '.join(DATASETS)}, or a .py file with one of your own (default: that of the training)",
    )
    parser.add_argument(
        "--data-dir",
        type=lambda text: str(user_path(text)),
        help="where the data set is, or is downloaded to (default: that of the search, else data)",
    )
    parser.add_argument("--part", choices=PARTS, default="test", help="which images (default: test)")
    parser.add_argument("--skip-broken", action="store_true", help="leave out pictures that cannot be read")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, mps or xpu (default: the GPU if it can be used, else cpu)")
    parser.add_argument("--json", type=user_path, metavar="FILE", help="write all numbers to a JSON file")
    parser.add_argument("--svg", type=user_path, metavar="FILE", help="draw confusion matrix and calibration")
    add_own_family(parser)
    return parser.parse_args(argv)


def main() -> None:
    args = parse()
    from results.evaluated_svg import svg_of
    from results.evaluated_text import text_of

    evaluated = evaluate(args)
    print(text_of(evaluated))
    if args.json:
        write_json(args.json, evaluated.to_dict())
    if args.svg:
        write_atomic(args.svg, svg_of(evaluated))
    if written := [str(path) for path in (args.json, args.svg) if path]:
        print(f"\nwrote {' and '.join(written)}")


def evaluate(args: argparse.Namespace) -> "Evaluated":
    """Classify the images that the flags name. Raises InputError where the network or the images cannot be used."""
    import torch

    from results.evaluated import Evaluated
    from search.data.checking import check_pictures
    from search.data.dataset import load_part
    from search.machine import cores, use_threads, useful_threads
    from search.model import load_model
    from search.training.judging import judged_at_once

    model = load_model(args.model, args.device)
    name, data_dir = args.dataset or model.dataset, args.data_dir or model.data_dir
    if not name:
        raise InputError(f"{args.model} does not say what it was trained on; name the images with --dataset")
    entry = find_dataset(name)
    use_threads(useful_threads(model.preparation.input_shape, cores()))
    leave_out = check_pictures(name, data_dir, skip=args.skip_broken)
    found, at_once = [], judged_at_once(model.preparation.input_shape)
    for part in PARTS[args.part]:
        if part == "validation" and not entry.in_folders:
            continue  # it is among the training images
        split = load_part(
            name, part, data_dir=data_dir, classes=model.classes, preparation=model.preparation, leave_out=leave_out
        )
        if not len(split):
            continue  # a folder has no such part
        for images, labels in split.batches(at_once, device=torch.device(model.device)):
            found.append(Evaluated.of(model.classes, model.scores(images), labels.cpu().numpy()))
    if not found:
        raise InputError(f"{data_dir} has no {args.part} images of {name}; name others with --part or --data-dir")
    images = sum(each.images for each in found)
    print(f"{args.part} images of {name}: {images:,}, {len(model.classes):,} classes\n")
    return sum(found[1:], start=found[0])


if __name__ == "__main__":
    run_command(main)
