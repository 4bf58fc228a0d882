"""The folder: network.h, network.c, the kernels they use, an example, a Makefile and a README."""

from importlib.resources import files as resources
from textwrap import fill

import numpy as np

from mobinet.export import TrainedNetwork
from mobinet.export.c.layers import source_of
from mobinet.export.c.plan import ALIGNMENT, Plan, plan_of
from mobinet.export.c.source import Source
from mobinet.export.pieces import pieces_of
from mobinet.export.steps import BinaryConv, Conv, Program
from mobinet.export.translate import steps_of
from space import InputError

KERNELS = ("kernels.h", "binary.h", "words.h", "tables.h", "lanes.h", "values.h")
COPIED = (*KERNELS, "main.c", "Makefile")
LARGEST_SUM = 32767
"""Of a 16-bit integer."""


def files(network: TrainedNetwork) -> dict[str, bytes]:
    """See `mobinet.export.ExportFormat`."""
    program, plan, source = _planned(network)
    arena = plan.size + ALIGNMENT - 1  # wherever it begins
    texts = {
        "network.h": _header(network, arena),
        "network.c": _source(network, program, source, plan),
        "README.md": _readme(network, constants=source.size, arena=4 * arena),
    }
    return _encoded(texts, COPIED)


def profiled_files(network: TrainedNetwork, *, whole: bool) -> tuple[int, dict[str, bytes]]:
    """C that times each piece alone, or the `whole` as it is exported, with mobinet/latency/profile.h; how many."""
    program, plan, source = _planned(network, together=None if whole else 1)
    groups = [source.calls] if whole else [[call] for call in source.calls]
    source.calls = [line for n, calls in enumerate(groups) for line in ("begin();", *calls, f"end({n});")]
    texts = {
        "network.h": _header(network, plan.size + ALIGNMENT - 1) + '#include "profile.h"\n',
        "network.c": _source(network, program, source, plan),
    }
    return len(groups), _encoded(texts, KERNELS)


def _encoded(texts: dict[str, str], copied: tuple[str, ...]) -> dict[str, bytes]:
    """The texts, and the files of this package that are `copied`."""
    own = {name: (resources("mobinet.export.c") / name).read_bytes() for name in copied}
    return {name: text.encode() for name, text in texts.items()} | own


def _planned(network: TrainedNetwork, together: int | None = None) -> tuple[Program, Plan, Source]:
    program = steps_of(network)
    _check(program)
    pieces = pieces_of(program)
    plan = plan_of(pieces, program.shapes, together)
    return program, plan, source_of(pieces, program.shapes, plan)


def _check(program: Program) -> None:
    for step in program.steps:
        if isinstance(step, BinaryConv) and np.prod(step.signs.shape[:3]) > LARGEST_SUM:
            raise InputError(f"a filter of more than {LARGEST_SUM:,} weights cannot be exported to c")


def _name(network: TrainedNetwork) -> str:
    architecture = network.architecture
    described = architecture.describe()
    return f"{architecture.family} on {architecture.backbone} at width {architecture.width:g}: {described}"


def _header(network: TrainedNetwork, arena: int) -> str:
    channels, height, width = network.architecture.input_shape
    name = fill(_name(network), 116, subsequent_indent="   ")
    return f"""\
/* {name} */

#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define NETWORK_HEIGHT {height}
#define NETWORK_WIDTH {width}
#define NETWORK_CHANNELS {channels}
#define NETWORK_SHORT_SIDE {network.picture_side} /* of a picture, before its centre is cropped */
#define NETWORK_CLASSES {len(network.classes)}
#define NETWORK_ARENA {arena} /* floats of working memory */

extern const char *const network_classes[NETWORK_CLASSES];

/* The scores of an image; the largest one is of its class. Images are (height, width, channels){_colours(channels)}:
   bytes of 0 to 255, or floats of 0 to 1. The arena may be used for something else between two calls. */
void network_bytes(const uint8_t *image, float *scores, float *arena);
void network_floats(const float *image, float *scores, float *arena);

#ifdef __cplusplus
}}
#endif
#endif
"""


def _colours(channels: int) -> str:
    return ", red, green, blue" if channels == 3 else ""


def _source(network: TrainedNetwork, program: Program, source: Source, plan: Plan) -> str:
    windows = [step.window.size for step in program.steps if isinstance(step, Conv | BinaryConv)]
    classes = ",\n".join(f"    {_quoted(name)}" for name in network.classes)
    lines, calls = "\n\n".join(source.definitions), "\n".join(f"    {call}" for call in source.calls)
    return f"""\
#include "network.h"

#ifdef __GNUC__ /* no network calls every function of kernels.h */
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

#define HALF {int(bool(program.halves))}
#define LARGEST_WINDOW {max(windows)}
#define LARGEST_RUN {max(map(len, plan.runs))}
#define SCRATCH {plan.scratch}
#include "kernels.h"

const char *const network_classes[NETWORK_CLASSES] = {{
{classes}}};

{lines}

static void network(struct image image, float *scores, float *arena)
{{
    arena = (float *)(((uintptr_t)arena + {4 * ALIGNMENT - 1}) & ~(uintptr_t){4 * ALIGNMENT - 1});
{calls}
}}

void network_bytes(const uint8_t *image, float *scores, float *arena)
{{
    network((struct image){{image, NULL}}, scores, arena);
}}

void network_floats(const float *image, float *scores, float *arena)
{{
    network((struct image){{NULL, image}}, scores, arena);
}}
"""


def _quoted(name: str) -> str:
    """A string literal; each byte that is not plain ASCII as three octal digits, which no letter can lengthen."""
    plain = {byte for byte in range(32, 127)} - {ord(c) for c in '"\\?'}
    content = name.encode(errors="surrogateescape")
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in content) + '"'


def _readme(network: TrainedNetwork, *, constants: int, arena: int) -> str:
    channels, height, width = network.architecture.input_shape
    accuracy = "" if network.accuracy is None else f"\n| accuracy on the test images | {network.accuracy:.2%} |"
    compared = "".join(f"\n| {stream} against PyTorch | {text} |" for stream, text in network.agreements.items())
    half = "; values between layers are rounded to half precision" if network.stream != "float32" else ""
    kind = "PPM" if channels == 3 else "PGM"
    side = network.picture_side
    pixel = "red, green and blue of each pixel" if channels == 3 else "a byte a pixel"
    return f"""\
# {_name(network)}

| | |
|---|---|
| input | {height} x {width} pixels, {"grey" if channels == 1 else "in colour"} |
| classes | {len(network.classes)} |{accuracy}{compared}
| constants (flash) | {constants:,} bytes, beside the code |
| arena (RAM) | {arena:,} bytes, beside some KB of stack{half} |

C99, without dependencies, allocations or global variables; any number of threads may call it.

    make
    ./network picture.{kind.lower()}      # a binary {kind} of {width} x {height} pixels

Bring a picture of another size to this one as in the training: scale its short side to {side} pixels, then keep
the {width} x {height} in the centre. `./network` alone prints a command that does so.

In a program of your own, compile `network.c` with it:

```c
#include "network.h"

static uint8_t image[NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS];
static float arena[NETWORK_ARENA], scores[NETWORK_CLASSES];

network_bytes(image, scores, arena);
```

`image` holds the rows from top to bottom, {pixel}, 0 to 255. The class is that with the largest of `scores`;
`network_classes` holds its name, at the same place. `network_floats` takes floats of 0 to 1 in the same order.

Compile with `-O3` and for the processor at hand (`-march=native`): AVX-512, AVX2, SSE2, NEON and WebAssembly's vectors
are used where the compiler may. With another compiler than gcc, add `-fno-strict-aliasing`, since the arena holds
floats and integers. Every build gives the same scores to the bit.
"""
