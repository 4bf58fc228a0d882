"""The exported ONNX in onnxruntime, against the steps executed by NumPy."""

import json

import numpy as np
import pytest

from mobinet.export import FORMATS
from mobinet.export.reference import scores
from mobinet.export.translate import steps_of
from space import Architecture
from tests.mobinet.export.networks import NETWORKS, as_trained

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.mark.parametrize("name", NETWORKS)
def test_scores_are_those_of_the_steps(name):
    """To float's precision, but for images in which a rounding turns a sign; of random weights, at most one in six."""
    network = as_trained(NETWORKS[name]())
    shape = network.architecture.input_shape
    images = np.random.default_rng(2).random((6, *shape), dtype=np.float32)
    model = FORMATS["onnx"].files(network)["model.onnx"]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": images})
    program = steps_of(network)
    wanted = np.stack([scores(program, image.transpose(1, 2, 0)) for image in images])
    assert np.isclose(found, wanted, atol=5e-5, rtol=1e-4).all(1).sum() >= 5
    assert [
        json.loads(entry.value) for entry in onnx.load_from_string(model).metadata_props if entry.key == "classes"
    ] == [list(network.classes)]


def test_a_weight_takes_a_bit():
    """mobilenet-32, mid, K=4: 3,162,112 binary weights and 33,000 floats; names and nodes take the rest."""
    network = as_trained(Architecture.uniform("mobilenet-32", block="mid", k=4, pool="avg"))
    model = FORMATS["onnx"].files(network)["model.onnx"]
    program = steps_of(network)
    weights = sum(step.signs.size for step in program.steps if hasattr(step, "signs"))
    floats = sum(
        value.size
        for step in program.steps
        for value in vars(step).values()
        if isinstance(value, np.ndarray) and value.dtype == np.float32
    )
    assert weights / 8 + 4 * floats < len(model) < 1.1 * (weights / 8 + 4 * floats)
