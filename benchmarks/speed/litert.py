"""Write MobileNet-v1 for LiteRT, float and int8, with random weights: what `benchmarks.speed.inference --litert` times.

    python -m benchmarks.speed.litert mobilenet-v1

Needs tensorflow and no other package, so any Python from 3.11 on that has it will do, in this folder.
"""

from collections.abc import Iterator
from pathlib import Path

from space import InputError
from space.command import Parser, run_command, user_path

WIDTHS = (0.5, 1.0)
SHAPE = (1, 224, 224, 3)


def path_of(folder: Path, width: float, kind: str) -> Path:
    """The file of a network of this width; `kind` is float or int8."""
    return folder / f"mobilenet-v1-{width:g}-{kind}.tflite"


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("folder", type=user_path, help="takes the files")
    folder = parser.parse_args().folder
    try:
        import tensorflow as tf
    except ImportError:
        raise InputError("LiteRT's files need the package tensorflow: pip install tensorflow") from None
    folder.mkdir(parents=True, exist_ok=True)

    def images() -> Iterator[list]:
        for seed in range(4):
            yield [tf.random.stateless_uniform(SHAPE, (seed, 0))]

    for width in WIDTHS:
        network = tf.keras.applications.MobileNet(SHAPE[1:], alpha=width, weights=None)
        for kind in ("float", "int8"):
            converter = tf.lite.TFLiteConverter.from_keras_model(network)
            if kind == "int8":
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
                converter.representative_dataset = images
                converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
                converter.inference_input_type = converter.inference_output_type = tf.int8
            path_of(folder, width, kind).write_bytes(converter.convert())


if __name__ == "__main__":
    run_command(main)
