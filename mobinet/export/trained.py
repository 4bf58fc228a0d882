"""From what search.retrain leaves to a network that can be exported."""

import json
from pathlib import Path

from mobinet.export import TrainedNetwork
from mobinet.export.packed import NAME, read_packed
from space import Architecture, InputError
from space.reading import read_input


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
    net, header = read_packed(path)
    try:
        mean, std, classes = (tuple(json.loads(header[name])) for name in ("mean", "std", "classes"))
    except KeyError as error:
        raise InputError(f"{path} does not say what its images are: its header lacks {error}; train it again") from None
    summary = path.parent / "summary.json"
    accuracy = json.loads(read_input(summary)).get("test_top1") if summary.exists() else None
    architecture = Architecture.from_json(header["architecture"])
    return TrainedNetwork(net=net, architecture=architecture, classes=classes, mean=mean, std=std, accuracy=accuracy)
