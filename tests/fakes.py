"""Stand-ins for cost and evaluator that are instant; those of `fake_evaluators` load no torch where they are sent."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import torch
from fake_evaluators import Instant

from mobinet import Cost
from results.measures import ACCURACY, Measure
from search.data import dataset
from search.evaluators.proxy import Proxy
from search.study.study import Study
from search.task import Evaluation, Task
from space import Architecture, SearchSpace, load_space
from space.objective import OBJECTIVES, Objective

PRICES = {"pre": 70, "mid": 30, "post": 0, "none": 0, "avg": 0, "max": 1, "min": 2}


@cache
def price(network: Architecture) -> Cost:
    """A cost that adds up over the blocks, the K and the poolings."""
    known = [choice for name, choice in network.effective.items() if name.endswith((".block", ".k", ".pool"))]
    return Cost(
        flops=1000 + sum(PRICES[choice] if isinstance(choice, str) else 10 * choice for choice in known), bops=64
    )


def made_up(self: Proxy, task: Task) -> Evaluation:
    """In place of a proxy's training: accuracy from the key."""
    accuracy = (int(task.architecture.key, 16) + task.replicate) % 97 / 97
    return Evaluation(accuracy=accuracy, epochs=self.recipe.epochs, seconds=0.1)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """An evaluator that, for one network, reads the training pictures of a folder from their files and counts them."""

    folder: str
    key: str
    otherwise: Instant

    def __call__(self, task: Task) -> Evaluation:
        if task.architecture.key != self.key:
            return self.otherwise(task)
        shape = task.architecture.input_shape
        loaded = dataset.load_dataset(
            "imagefolder", data_dir=self.folder, input_shape=shape, validation=0.5, in_memory_bytes=0
        )
        batches = loaded.train.batches(4, device=torch.device("cpu"), seed=0)
        return Evaluation(accuracy=0.0, epochs=sum(len(labels) for _, labels in batches), seconds=0.0)


def small_space(**rules: object) -> SearchSpace:
    """On mobilenet-8; without rules, one network, and each rule opens it further."""
    return load_space().restrict({"block": ["mid"], "k": [0], "pool": ["avg"], **rules})


def open_study(
    folder: Path,
    space: SearchSpace | None = None,
    *,
    sampler: str = "random",
    seed: int = 0,
    objective: Objective = OBJECTIVES["ops"],
    limit: float | None = None,
    rungs: tuple[int, ...] = (),
    first: tuple[Architecture, ...] = (),
    measure: Measure = ACCURACY,
) -> Study:
    space = space or load_space()
    return Study(
        folder,
        space=space,
        count=price,
        objective=objective,
        limits=((objective, limit),) if limit else (),
        sampler=sampler,
        seed=seed,
        rungs=rungs,
        first=first,
        measure=measure,
    )


def record(study: Study) -> pd.DataFrame:
    """What must not depend on how the search was run."""
    return study.table().drop(columns="seconds")
