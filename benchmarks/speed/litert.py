"""Write MobileNet-v1 for LiteRT, float and int8, with random weights: what `benchmarks.speed.inference --litert` times.

    python benchmarks/speed/litert.py mobilenet-v1

Needs tensorflow and nothing of this project, so any Python that has it will do.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

WIDTHS = (0.5, 1.0)
SHAPE = (1, 224, 224, 3)


def path_of(folder: Path, width: float, kind: str) -> Path:
    """The file of a network of this width; `kind` is float or int8."""
    return folder / f"mobilenet-v1-{width:g}-{kind}.tflite"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="takes the files")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    import tensorflow as tf

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
    main()
