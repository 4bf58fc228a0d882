"""The training loop, of short and of full trainings: one epoch at a time, so that a caller can stop or save between."""

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from mobinet.conv import BinaryConv2d
from mobinet.fused.ahead import BinaryWeights
from results.measures import UNWEIGHTED
from search.data.split import Split
from search.recipe import ALTERNATING, Recipe
from search.stopping import stop_if_asked
from search.training import ranks
from search.training.attention import attention_distance, check_maps, maps_of
from search.training.augmenting import Augmenting, alternating_flips
from search.training.average import WeightAverage
from search.training.captured import CapturedStep, launching
from search.training.class_weights import ClassLoss
from search.training.flat_optimizers import FLAT
from search.training.parameters import parameter_groups
from search.training.precision import training_dtype
from search.training.seeds import seed_from
from search.training.teacher import Teacher
from search.training.threads import divide_threads
from space import InputError


class NonFiniteLoss(RuntimeError):
    """The loss became NaN or infinite."""


class Training:
    """One network on its way through a recipe.

    On CUDA the weights are float32 and the activations bfloat16, where the GPU computes in it, and each step is one
    CUDA graph.

    A batch may be learned in slices, by several processes (`search.training.ranks`), one after the other, or both.
    Batch norm then normalises each slice by its own statistics, and the running ones take the mean over the slices.

    Args:
        net: (N, C, H, W) -> (N, classes); moved to `device`.
        train: the images it learns from.
        recipe: how.
        seed: decides the order and the augmentation of every epoch.
        device: where.
        accumulate: slices that each process learns one after the other.
        class_weights: of the loss, see `search.training.class_weights`.
        teacher: a network that it learns from, beside the labels or in their place.

    Raises:
        InputError: a batch cannot be cut into such slices.
    """

    make_optimizer: type[torch.optim.Optimizer] | None = None
    """In place of the recipe's."""
    alike = True
    """Whether every step does the same, so that one recording stands for all."""

    def __init__(
        self,
        net: nn.Module,
        train: Split,
        *,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        accumulate: int = 1,
        class_weights: str = UNWEIGHTED,
        teacher: Teacher | None = None,
    ) -> None:
        slices = accumulate * ranks.ranks()
        batch = min(recipe.batch_size, len(train))
        if batch % slices:
            raise InputError(
                f"a batch of {batch} images cannot be cut into {slices} equal slices: "
                f"{ranks.ranks()} (processes) x {accumulate} (--accumulate)"
            )
        self.net = net.to(device)
        self.train = train
        self.recipe = recipe
        self.seed = seed
        self.device = device
        self.accumulate = accumulate
        self.epoch = 0
        self.loss = ClassLoss(class_weights, train, device, recipe.label_smoothing)
        self.norms = [(norm, norm.momentum) for norm in net.modules() if isinstance(norm, nn.BatchNorm2d)]
        self.teacher = teacher
        self.with_maps: tuple[nn.Module, ...] = ()
        if teacher and recipe.teacher_maps:
            check_maps(self.net, teacher, torch.zeros(2, *train.preparation.input_shape, device=device))
            self.with_maps = self.net, teacher.net
        changes = recipe.augment.split(",")
        self.alternating = ALTERNATING in changes
        if self.alternating and not train.preparation.augmentation.flip:
            raise InputError(f"--augment {ALTERNATING} is for data sets whose images are flipped, such as cifar10")
        random = [name for name in changes if name not in ("", ALTERNATING)]
        self.augmenting = Augmenting(random, train.preparation, len(train.class_counts())) if random else None
        self.recorded = self.alike and device.type == "cuda" and ranks.ranks() == 1
        self._total = torch.zeros((), device=device)
        if recipe.latent_deviation:
            self._begin_latent_weights(recipe.latent_deviation)
        self._begin_step(float_weights=recipe.first_epochs > 0)

    @property
    def kept(self) -> nn.Module:
        """The network that is judged and kept: with the average of the weights where the recipe asks for it."""
        return self.average.net if self.average else self.net

    @torch.no_grad()
    def _begin_latent_weights(self, deviation: float) -> None:
        """Scale the latent weights of each layer to a deviation, which changes no sign."""
        for module in self.net.modules():
            if isinstance(module, BinaryConv2d):
                module.weight.mul_(deviation / module.weight.square().mean().sqrt())

    def _begin_step(self, *, float_weights: bool) -> None:
        """Begin the first of two steps, with float weights, or the step whose weights are binary."""
        for module in self.net.modules():
            if isinstance(module, BinaryConv2d):
                module.float_weights = float_weights
        divide_threads(self.net, self.device)
        self.optimizer = self._optimizer(parameter_groups(self.net, self.recipe, float_weights=float_weights))
        self.average = WeightAverage(self.net, self.recipe.ema) if self.recipe.ema else None
        self._recording = CapturedStep()
        self._binary_weights = BinaryWeights(self.net)

    def _optimizer(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        self.weights = [parameter for group in groups for parameter in group["params"]]
        rate: Any = self.recipe.learning_rate
        rate = torch.tensor(rate, device=self.device) if self.recorded else rate
        make: Any = self.make_optimizer or FLAT[self.recipe.optimizer]
        return make(groups, lr=rate, fused=True, capturable=self.recorded)

    def run_epoch(self) -> float:
        """Train one epoch and return its mean loss. Raises NonFiniteLoss."""
        if self.epoch == self.recipe.first_epochs > 0:
            self._begin_step(float_weights=False)
        self.net.train()
        self._total.zero_()
        steps = max(1, len(self.train) // self.recipe.batch_size)
        epoch_seed = self.seed * 10007 + self.epoch
        mirrored = alternating_flips(len(self.train), self.seed, self.epoch) if self.alternating else None
        batches = self.train.inputs(
            self.recipe.batch_size, device=self.device, seed=epoch_seed, part=ranks.part(), mirrored=mirrored
        )
        for step, inputs in enumerate(batches):
            stop_if_asked()
            progress = (self.epoch + (step + 1) / steps) / self.recipe.epochs
            if self.augmenting:
                inputs = self._augmented(self.augmenting, (epoch_seed, step), inputs)
            self._set_rate(self.recipe.learning_rate_at(progress))
            if self.recorded:
                self._recording(self.step, *inputs)
            else:
                self.step(*inputs)
        averaged = self.average.statistics() if self.average else []
        running = [t for norm, _ in self.norms for t in (norm.running_mean, norm.running_var) if t is not None]
        ranks.average([*running, *averaged])
        self.epoch += 1
        mean = ranks.total(self._total).item() / (steps * self.accumulate * ranks.ranks())
        if not math.isfinite(mean):
            raise NonFiniteLoss(f"the loss is {mean} after epoch {self.epoch}")
        return mean

    def _set_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            if self.recorded:
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def step(self, *inputs: Tensor) -> None:
        """Learn a batch of `Split.inputs`, and step on the weights; its loss is added to the epoch's."""
        images, labels = inputs if self.augmenting else self.train.prepared(*inputs)
        self.optimizer.zero_grad()
        for done, piece in enumerate(zip(images.chunk(self.accumulate), labels.chunk(self.accumulate))):
            self._weigh_statistics(done)
            self._total += self.learn(*piece)
        ranks.average([p.grad for p in self.weights if p.grad is not None], self.accumulate)
        self.optimizer.step()
        if self.average:
            self.average.update()

    def _augmented(self, change: Augmenting, place: tuple[int, int], inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Images and labels of a batch, each slice changed by draws of its own; a recording could not draw."""
        with launching:
            pairs = zip(*(whole.chunk(self.accumulate) for whole in self.train.prepared(*inputs)))
            first = ranks.rank() * self.accumulate
            changed = [change(x, y, seed_from(*place, index)) for index, (x, y) in enumerate(pairs, first)]
            return tuple(torch.cat(parts) for parts in zip(*changed))

    def learn(self, images: Tensor, labels: Tensor) -> Tensor:
        """Give the weights their gradients on a batch, and return its loss, without gradient."""
        with self.autocast(), maps_of(*self.with_maps) as maps:
            with self._binary_weights.made():
                outputs = self.net(images)
            loss = self.loss(outputs, labels, labels)
            if self.teacher:
                share = self.recipe.teacher_share
                apart = self.teacher.divergence(images, outputs, self.recipe.teacher_temperature)
                loss = (1 - share) * loss + share * self.loss.mean(apart, labels)
                if maps:
                    loss = loss + self.recipe.teacher_maps * self.loss.mean(attention_distance(*maps), labels)
        loss.backward()
        return loss.detach()

    def _weigh_statistics(self, done: int) -> None:
        """Set momenta such that all slices of a batch, of which so many are done, count alike, and together as one."""
        if self.accumulate > 1:
            for norm, usual in self.norms:
                momentum = usual or 0.0
                norm.momentum = momentum / (self.accumulate - momentum * (self.accumulate - 1 - done))

    def autocast(self) -> AbstractContextManager:
        """Under it the network runs: in bfloat16 on a GPU that computes in it."""
        dtype = training_dtype(self.device)
        return nullcontext() if dtype is torch.float32 else torch.autocast(self.device.type, dtype)

    def state_dict(self) -> dict[str, Any]:
        """All that the next epoch depends on, as tensors and plain Python."""
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "epoch": self.epoch}
        return {**state, "average": self.average.state_dict()} if self.average else state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of `state_dict`."""
        if state["epoch"] > self.recipe.first_epochs > 0:
            self._begin_step(float_weights=False)
        self.net.load_state_dict(state["net"])
        ours = self.optimizer.state_dict()["param_groups"]  # of this device; the settings in them are the recipe's
        self.optimizer.load_state_dict({"state": state["optimizer"]["state"], "param_groups": ours})
        if self.average:
            self.average.load_state_dict(state["average"])
        self.epoch = state["epoch"]
        self._recording = CapturedStep()
