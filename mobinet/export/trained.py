"""From what search.retrain leaves to a network that can be exported."""

import json
from contextlib import suppress
from math import isfinite
from pathlib import Path

from mobinet.export import TrainedNetwork
from mobinet.export.packed import NAME, read_packed
from space import Architecture, InputError
from space.reading import read_input


def find_model(path: Path) -> Path:
    """The model in a file, a folder, or one of the retrainings in it. Raises InputError: there is none, or several."""
    if not path.is_dir():
        if path.suffix in (".json", ".pt"):
            raise InputError(f"{path} is not a trained network; mobinas retrain writes one, {NAME}")
        return path
    if (path / NAME).exists():
        return path / NAME
    found = sorted((*path.glob(f"*/{NAME}"), *path.glob(f"retrain/*/{NAME}")))  # of named networks, of a run
    if not found:
        raise InputError(f"{path} holds no {NAME}; mobinas retrain writes one")
    if len(found) > 1:
        folders = ", ".join(str(model.parent) for model in found[:3])
        raise InputError(f"{path} holds {len(found)} trained networks; give one of their folders, such as {folders}")
    return found[0]


def load_trained(path: Path) -> TrainedNetwork:
    """The network in a `model.safetensors`, with its test accuracy where its summary lies beside it.

    Raises:
        InputError: it cannot be read, or its header does not fit its network.
    """
    net, header = read_packed(path)
    architecture = Architecture.from_json(header["architecture"])
    try:
        mean, std, classes = (tuple(json.loads(header[name])) for name in ("mean", "std", "classes"))
    except KeyError as error:
        raise InputError(f"{path} does not say what its images are: its header lacks {error}; train it again") from None
    except (ValueError, TypeError, RecursionError):
        raise InputError(f"{path} does not say what its images are: its header is damaged; train it again") from None
    channels, outputs = architecture.input_shape[0], int(header["num_classes"])
    numbers = all(isinstance(value, int | float) and isfinite(value) for value in (*mean, *std))
    names = all(isinstance(name, str) and "\0" not in name for name in classes)
    if not (numbers and all(std) and len(mean) == len(std) == channels and names and len(classes) == outputs):
        wanted = f"mean and std of {channels} channels and the names of {outputs} classes"
        raise InputError(f"{path} does not fit its network, which takes {wanted}; train it again")
    side = header.get("short_side", "null")
    return TrainedNetwork(
        net=net,
        architecture=architecture,
        classes=classes,
        mean=mean,
        std=std,
        accuracy=_accuracy(path.parent),
        short_side=int(side) if side.isdecimal() else None,
    )


def _accuracy(folder: Path) -> float | None:
    """On the test images, as summary.json has it, if there is a sound one."""
    summary = folder / "summary.json"
    with suppress(ValueError, AttributeError, RecursionError):
        found = json.loads(read_input(summary)).get("test_top1") if summary.exists() else None
        return found if isinstance(found, float) and isfinite(found) else None
    return None
