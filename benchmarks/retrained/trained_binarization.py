"""Why trained binarization is behind XNOR scaling after a short training: change one thing of it at a time.

    python -m benchmarks.retrained.trained_binarization --images 8000 --epochs 10 --table runs/trained.csv

Prints one row a change, on VGG-Small: accuracy on validation images after the last epoch, mean and standard deviation
over seeds, and the difference to the first row, with the p of a t-test; last XNOR scaling. --table keeps the trainings:
the same command again resumes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.flags import add_schedule_flags, add_training_flags, full_recipe, training_settings
from benchmarks.retrained.compare_networks import parse_network
from benchmarks.retrained.full_training import FullTraining
from benchmarks.retrained.recipes import row
from mobinet.binarizers.base import within
from mobinet.binarizers.trained import BEGIN, Trained
from mobinet.binarizers.xnor import XNOR
from mobinet.conv import BinaryConv2d
from search.data.catalog import DATASETS
from search.flags import positive_float, positive_int
from search.task import Task
from search.training.training import Training
from space.command import Parser, run_command

OfConv = Callable[[BinaryConv2d, Trained], Any]


def weights_as_xnor(conv: BinaryConv2d, rule: Trained) -> None:
    """Latent weights begin with the deviation of those of XNOR, sqrt(2 / n)."""
    conv.weight.mul_((2 / conv.weight[0].numel()) ** 0.5 / conv.weight.std())


def scales_from_weights(conv: BinaryConv2d, rule: Trained) -> None:
    """Scales begin as those of XNOR, mean |W|, in place of sqrt(2 / n)."""
    rule.alpha.copy_(conv.weight.abs().mean((1, 2, 3), keepdim=True))


def gradient_of_weights(conv: BinaryConv2d, rule: Trained) -> None:
    """The gradient of sign(W) is that of XNOR: 1 up to |W| = 1."""
    rule.weight_surrogate = within(1.0)


def activations(conv: BinaryConv2d, rule: Trained) -> None:
    """Activations are those of XNOR, -1 and 1, still with a trained scale."""
    rule.low, rule.activation_surrogate = XNOR.low, XNOR.activation_surrogate


@dataclass(frozen=True, kw_only=True)
class Change:
    """Of a training.

    Args:
        within: where latent weights begin, evenly on both sides of zero.
        of_conv: what it does to each convolution that is binarized so.
        of_recipe: other settings of its recipe.
    """

    within: float = 0.25
    of_conv: OfConv | None = None
    of_recipe: Mapping[str, Any] = field(default_factory=dict)


NONE = "weights begin within 0.25"
CHANGES = {
    NONE: Change(),
    "within 0.5": Change(within=0.5),
    "within 0.05": Change(within=0.05),
    "within 0.01": Change(within=0.01),
    "as those of XNOR": Change(of_conv=weights_as_xnor),
    "scales begin as mean |W|": Change(of_conv=scales_from_weights),
    "weights' gradient of XNOR": Change(of_conv=gradient_of_weights),
    "activations of XNOR": Change(of_conv=activations),
    "no penalty on scales": Change(of_recipe={"scale_decay": 0.0}),
    "100 x the penalty": Change(of_recipe={"scale_decay": 1e-2}),
}


@dataclass(frozen=True, kw_only=True)
class Changed(FullTraining):
    """A full training with one of `CHANGES`."""

    change: str

    def begin(self, task: Task) -> Training:
        training, change = super().begin(task), CHANGES[self.change]
        with torch.no_grad():
            for module in training.net.modules():
                if isinstance(module, BinaryConv2d) and isinstance(module.binarizer, Trained):
                    module.weight.mul_(change.within / BEGIN)
                    if change.of_conv:
                        change.of_conv(module, module.binarizer)
        return training

    @property
    def described(self) -> str:
        return f"{super().described}, {self.change}"


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CHANGES, default=[*CHANGES], help="these changes (default: all)")
    parser.add_argument("--dataset", choices=DATASETS, default="cifar10", help="default: %(default)s")
    parser.add_argument("--width", type=positive_float, default=0.125, help="factor on the channels")
    add_training_flags(parser)
    add_schedule_flags(parser)
    parser.add_argument("--seeds", type=positive_int, default=3, help="trainings with each change")
    parser.add_argument("--table", type=Path, help="CSV file that keeps the trainings")
    args = parser.parse_args()
    entry, recipe = DATASETS[args.dataset], full_recipe(args, args.dataset)
    print(f"{args.dataset}, width {args.width:g}, {args.images or 'all'} images, {recipe}, torch {torch.__version__}")
    found = {}
    for name, binarizer in [*((change, "trained") for change in args.only), ("xnor", "xnor")]:
        network = parse_network(f"vgg-small-{binarizer}", entry.input_shape, args.width)
        change = name if name in CHANGES else NONE
        training = Changed(
            **training_settings(args),
            recipe=replace(recipe, **CHANGES[change].of_recipe),
            validate=True,
            change=change,
        )
        reached = training.accuracies([network], seeds=args.seeds, workers=args.workers, table=args.table)
        found[name] = reached[:, 0]
        print(row(name, found[name], next(iter(found.values()))), flush=True)


if __name__ == "__main__":
    run_command(main, resumes=True)
