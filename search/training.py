"""The training loop, for proxies and for good: one epoch at a time, so that a caller can stop or save between."""

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mobinet.binarizers import Binarizer
from search.data.splits import Split
from search.machine import divide_threads


class NonFiniteLoss(RuntimeError):
    """The loss became NaN or infinite."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained: Adam, from scratch; a linear warm-up, then a cosine decay to zero.

    Args:
        epochs: passes over the training images.
        batch_size: images a step.
        learning_rate: at the end of the warm-up.
        warmup: share of all steps.
        scale_decay: factor of the L2 penalty on trained scales of weights (Xu and Cheung, BMVC 2019).
    """

    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float = 0.1
    scale_decay: float = 1e-4

    def learning_rate_at(self, progress: float) -> float:
        """The learning rate after a share of `progress` of all steps."""
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        return self.learning_rate * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2


class Training:
    """One network on its way through a recipe; on CUDA its activations are bfloat16, its weights float32.

    Args:
        net: (N, C, H, W) -> (N, classes); moved to `device`.
        train: the images it learns from.
        recipe: how.
        seed: decides the order and the augmentation of every epoch.
        device: where.
    """

    def __init__(self, net: nn.Module, train: Split, *, recipe: Recipe, seed: int, device: torch.device) -> None:
        self.net = net.to(device)
        self.train = train
        self.recipe = recipe
        self.seed = seed
        self.device = device
        self.epoch = 0
        divide_threads(net, device)
        scales = [scale for m in net.modules() if isinstance(m, Binarizer) for scale in m.weight_scales()]
        others = [p for p in net.parameters() if not any(p is scale for scale in scales)]
        groups = [{"params": others}, {"params": scales, "weight_decay": recipe.scale_decay}]
        self.optimizer = torch.optim.Adam(groups, lr=recipe.learning_rate, fused=True)

    def run_epoch(self) -> float:
        """Train one epoch and return its mean loss. Raises NonFiniteLoss."""
        self.net.train()
        total = torch.zeros((), device=self.device)
        steps = max(1, len(self.train) // self.recipe.batch_size)
        epoch_seed = self.seed * 10007 + self.epoch
        for step, (images, labels) in enumerate(
            self.train.batches(self.recipe.batch_size, device=self.device, seed=epoch_seed)
        ):
            progress = (self.epoch + (step + 1) / steps) / self.recipe.epochs
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.learning_rate_at(progress)
            self.optimizer.zero_grad(set_to_none=True)
            total += self.learn(images, labels)
            self.optimizer.step()
        self.epoch += 1
        mean = total.item() / steps
        if not math.isfinite(mean):
            raise NonFiniteLoss(f"the loss is {mean} after epoch {self.epoch}")
        return mean

    def learn(self, images: Tensor, labels: Tensor) -> Tensor:
        """Give the weights their gradients on a batch, and return its loss, without gradient."""
        with self.autocast():
            loss = F.cross_entropy(self.net(images), labels)
        loss.backward()
        return loss.detach()

    def autocast(self) -> torch.autocast:
        """Under it the network runs: in bfloat16 on CUDA."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def state_dict(self) -> dict[str, Any]:
        """All that the next epoch depends on, as tensors and plain Python."""
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        self.net.load_state_dict(state["net"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch = state["epoch"]


@torch.no_grad()
def accuracy(
    net: nn.Module, split: Split, *, device: torch.device, top: tuple[int, ...] = (1,), batch_size: int = 1000
) -> tuple[float, ...]:
    """The share of images whose label is among the `top` k highest outputs, for each k."""
    net.eval()
    hits = torch.zeros(len(top), dtype=torch.long)
    for images, labels in split.batches(batch_size, device=device):
        hits += torch.stack([count.cpu() for count in _hits(net(images), labels, top)])
    return tuple((hits / len(split)).tolist())


def _hits(outputs: Tensor, labels: Tensor, top: tuple[int, ...]) -> list[Tensor]:
    ranked = outputs.topk(min(max(top), outputs.shape[1]), 1).indices == labels.unsqueeze(1)
    return [ranked[:, :k].any(1).sum() for k in top]
