"""How often the exported C names another class than PyTorch does, over the whole test set.

    python -m benchmarks.retrained.exported runs/digits --dataset digits

An export prints the same of the test images that lie beside its network (`mobinet.export.agreement`).
"""

import argparse

import numpy as np
import torch

from mobinet import load_packed
from mobinet.export.agreement import Agreement
from search.data.catalog import DATASETS
from search.data.dataset import load_dataset, load_test
from search.data.in_memory import Images
from space import InputError
from space.command import Parser, run_command, user_path


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("model", type=user_path, help="a folder of search.retrain, or a run with one")
    parser.add_argument("--dataset", choices=DATASETS, default="digits", help="on which it was trained")
    parser.add_argument("--data-dir", default="data", help="where that is")
    return parser.parse_args()


def main() -> None:
    args = parse()
    classifier = load_packed(args.model)
    shape = classifier.network.architecture.input_shape
    dataset = DATASETS[args.dataset]
    training = load_dataset(args.dataset, data_dir=args.data_dir, input_shape=shape, validation=dataset.validation)
    test = load_test(args.dataset, data_dir=args.data_dir, dataset=training)
    if not isinstance(test, Images) or test.pixels.shape[1:] != shape:
        raise InputError(f"the images of {args.dataset} are not of the network's size, {shape}")
    images = np.ascontiguousarray(test.pixels.permute(0, 2, 3, 1).numpy())
    print(Agreement.of(classifier.scores(images), classifier.by_torch(images), test.labels.numpy()))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    run_command(main)
