"""The exported C, built in many ways, against the steps executed by NumPy: equal to the bit."""

import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mobinet.classifier import Classifier
from mobinet.conv import BinaryConv2d
from mobinet.export import FORMATS, STREAMS, TrainedNetwork
from mobinet.export.c.folder import files
from mobinet.export.c.layers import in_lanes, in_words, narrow
from mobinet.export.c.plan import Plan, plan_of
from mobinet.export.c.stages import Stage, has_rows, order_of
from mobinet.export.pieces import pieces_of
from mobinet.export.reference import scores
from mobinet.export.steps import BinaryConv, Conv, Program
from mobinet.export.translate import steps_of
from mobinet.families.resnet import ResidualUnit
from mobinet.part import parts_of
from space import Architecture, InputError
from tests.mobinet.export.networks import NETWORKS, as_trained, sampled
from tests.mobinet.export.tools import require

HARNESS = """
#include <stdio.h>
#include <stdlib.h>
#include "network.h"
int main(void)
{
    enum { SIZE = NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS };
    static uint8_t image[SIZE];
    float *arena = malloc(NETWORK_ARENA * sizeof *arena), *scores = malloc(NETWORK_CLASSES * sizeof *scores);
    for (int i = 0; i < NETWORK_ARENA; i++)
        arena[i] = 1e30f;
    while (fread(image, 1, SIZE, stdin) == SIZE) {
        network_bytes(image, scores, arena);
        fwrite(scores, sizeof *scores, NETWORK_CLASSES, stdout);
    }
    free(arena), free(scores);
    return 0;
}
"""
NATIVE = "gcc -std=c99 -O0 -march=native"
NATIVE_ELSE = NATIVE.replace("gcc", "clang") if shutil.which("clang") else NATIVE
"""For networks of which gcc builds similar ones: clang takes half the time."""
PLAIN = "gcc -std=c99 -O0 -DLANES=32"
BUILDS = {
    "plain": "gcc -std=c99 -O0 -DLANES=64",
    "plain, 32 bits": "gcc -std=c99 -O2 -DLANES=32",
    "sanitized": "gcc -std=c99 -O0 -march=native -fsanitize=address,undefined -fno-sanitize-recover",
    "SSE2": "gcc -std=c99 -O3 -Wall -Wextra -Werror",
    "AVX2, contracting": "gcc -std=gnu17 -O2 -mavx2 -mfma",
    "native": "gcc -std=c99 -O3 -march=native",
    "clang": "clang -std=c99 -O2 -march=native",
    "aarch64": "aarch64-linux-gnu-gcc -std=c99 -O2 -static",
}
SAME_IN_HALF = ("plain", "plain, 32 bits", "native", "clang")
"""Builds whose code for half precision other builds and tests run; `test_halves.py` has all compilers."""
RUNNERS = {"aarch64": "qemu-aarch64-static"}


@cache
def exported(name: str) -> TrainedNetwork:
    return as_trained(NETWORKS[name]())


def write(folder: Path, network: TrainedNetwork) -> None:
    for name, content in (files(network) | {"harness.c": HARNESS.encode()}).items():
        (folder / name).write_bytes(content)


def run(folder: Path, compiler: str, images: np.ndarray, runner: str = "") -> np.ndarray:
    """The scores of images, (N, H, W, C) bytes -> (N, classes)."""
    require(compiler, runner)
    if "native" in compiler and not Path("/proc/cpuinfo").exists():
        pytest.skip("the processor is unknown")
    subprocess.run([*compiler.split(), "-o", "harness", "harness.c", "network.c"], cwd=folder, check=True)
    command = [*runner.split(), "./harness"]
    out = subprocess.run(command, cwd=folder, input=images.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(out, np.float32).reshape(len(images), -1)


def random_images(network: TrainedNetwork, count: int) -> np.ndarray:
    channels, height, width = network.architecture.input_shape
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def expected(network: TrainedNetwork, images: np.ndarray) -> np.ndarray:
    program = steps_of(network)
    return np.stack([scores(program, image.astype(np.float32) / np.float32(255)) for image in images])


def bits(values: np.ndarray) -> list:
    return values.view(np.uint32).tolist()


EACH_KIND_OF_STEP = (
    *("of each K and block", "activations of 0 and 1", "5x5, other widths and depths", "half the resolution", "resnet"),
    *("group-conv, of an odd size", "meliusnet, of an odd size", "nas-bnn, of an odd size"),
)


@pytest.mark.parametrize(
    "name, stream, compiler",
    [
        *((name, "float32", NATIVE if name in EACH_KIND_OF_STEP else NATIVE_ELSE) for name in NETWORKS),
        *((name, "float32", PLAIN) for name in EACH_KIND_OF_STEP),
        *((name, "float16", BUILDS["plain"]) for name in EACH_KIND_OF_STEP),
    ],
)
def test_every_kind_of_network(tmp_path, name, stream, compiler):
    network = replace(exported(name), stream=stream)
    images = random_images(network, 2)
    write(tmp_path, network)
    assert bits(run(tmp_path, compiler, images)) == bits(expected(network, images))


def test_alexnet_of_an_odd_size(tmp_path, monkeypatch):
    """Its layers of 4096 channels have 128 here, so that the C is not of megabytes."""

    def narrow(architecture: Architecture, classes: int) -> nn.Module:
        parts = parts_of(architecture, classes)
        return nn.Sequential(*(replace(p, **{n: 128 for n, v in vars(p).items() if v == 4096}).build() for p in parts))

    monkeypatch.setattr("tests.mobinet.export.networks.build", narrow)
    network = as_trained(sampled("alexnet", (1, 67, 67)))
    images = random_images(network, 1)
    write(tmp_path, network)
    assert bits(run(tmp_path, NATIVE, images)) == bits(expected(network, images))


@pytest.mark.parametrize(
    "stream, build",
    [*(("float32", build) for build in BUILDS), *(("float16", build) for build in BUILDS if build not in SAME_IN_HALF)],
)
def test_every_build(tmp_path, stream, build):
    network = replace(exported("of each K and block"), stream=stream)
    images = random_images(network, 1)
    write(tmp_path, network)
    found = run(tmp_path, BUILDS[build], images, RUNNERS.get(build, ""))
    assert bits(found) == bits(expected(network, images))


CORTEX_M4 = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=c99 -O2"
FIRMWARE = {
    "start.c": """
#include <stdint.h>
extern uint32_t top_of_stack[];
void _start(void);
void reset(void)
{
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* switches the float unit on */
    _start();
}
__attribute__((section(".vectors"), used)) void *const vectors[2] = {top_of_stack, reset};
""",
    "main.c": """
#include <stdio.h>
#include <string.h>
#include "network.h"
int main(void)
{
    static uint8_t image[NETWORK_HEIGHT * NETWORK_WIDTH * NETWORK_CHANNELS];
    static float arena[NETWORK_ARENA], scores[NETWORK_CLASSES];
    for (unsigned i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * 37);
    network_bytes(image, scores, arena);
    for (int c = 0; c < NETWORK_CLASSES; c++) {
        uint32_t bits;
        memcpy(&bits, scores + c, sizeof bits);
        printf("%lu\\n", (unsigned long)bits);
    }
    return 0;
}
""",
    "memory.ld": """
MEMORY { FLASH (rx) : ORIGIN = 0, LENGTH = 256K  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }
ENTRY(reset)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) KEEP(*(.init)) KEEP(*(.fini)) *(.init_array*) } > FLASH
  .ARM.exidx : { __exidx_start = .; *(.ARM.exidx*) __exidx_end = .; } > FLASH
  .data : { *(.data*) } > RAM
  .bss : { __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .; } > RAM
  end = .; __end__ = .;
  top_of_stack = 0x20010000; __stack = top_of_stack;
}
""",
}
"""A program for a microcontroller of 256 KB flash and 64 KB RAM, which prints through the emulator."""


@pytest.mark.parametrize("stream, flags", [("float32", ""), ("float16", ""), ("float16", "-mfp16-format=ieee")])
def test_a_microcontroller(tmp_path, stream, flags):
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    network = as_trained(Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg"))
    network = replace(network, stream=stream)
    write(tmp_path, network)
    for name, text in FIRMWARE.items():
        (tmp_path / name).write_text(text)
    link = "--specs=rdimon.specs -T memory.ld -o network.elf start.c main.c network.c"
    subprocess.run(["arm-none-eabi-gcc", *CORTEX_M4.split(), *flags.split(), *link.split()], cwd=tmp_path, check=True)
    machine = "qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -monitor none -serial none"
    command = [*machine.split(), "-semihosting-config", "enable=on,target=native", "-kernel", "network.elf"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120).stdout
    image = (np.arange(64) * 37 % 256).astype(np.uint8).reshape(1, 8, 8, 1)
    assert [int(line) for line in out.split()] == expected(network, image)[0].view(np.uint32).tolist()


def test_the_program_names_the_class(tmp_path):
    network = as_trained(Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg"))
    image = random_images(network, 1)
    write(tmp_path, network)
    if not shutil.which("make") or not shutil.which("cc"):
        pytest.skip("make or cc is not installed")
    by_default = subprocess.run(["make", "-n"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert BUILDS["native"].removeprefix("gcc") in by_default
    subprocess.run(["make", "-s", "CFLAGS=-std=c99 -O0"], cwd=tmp_path, check=True)
    (tmp_path / "picture.pgm").write_bytes(b"P5 8 8 255\n" + image.tobytes())
    out = subprocess.run(["./network", "picture.pgm"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    (best,) = (line for line in out.splitlines() if line.startswith("*"))
    assert best.split(maxsplit=2)[2] == network.classes[expected(network, image)[0].argmax()]
    for content in (b"P5 9 8 255\n" + image.tobytes(), b"P5 8 8 255\n" + image.tobytes()[:-1], b"GIF89a"):
        (tmp_path / "wrong.pgm").write_bytes(content)
        wrong = subprocess.run(["./network", "wrong.pgm"], cwd=tmp_path, capture_output=True, text=True)
        assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("backbone, short_side", [("mobilenet-8", 10), ("mobilenet-8-colour", None)])
def test_the_program_says_how_to_make_a_picture(tmp_path, backbone, short_side):
    """What its command makes, it takes; and that is the picture as `predict` sees it."""
    network = replace(as_trained(Architecture.uniform(backbone)), short_side=short_side)
    write(tmp_path, network)
    if not shutil.which("make") or not shutil.which("cc"):
        pytest.skip("make or cc is not installed")
    subprocess.run(["make", "-s", "CFLAGS=-std=c99 -O0"], cwd=tmp_path, check=True)
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.jpg")
    told = subprocess.run(["./network"], cwd=tmp_path, capture_output=True, text=True)
    refused = subprocess.run(["./network", "picture.jpg"], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == refused.returncode == 2
    command = told.stderr.split("of picture.jpg: ")[1]
    assert refused.stderr.endswith(f" pixels without comments; with Pillow, this makes one of picture.jpg: {command}")
    subprocess.run(command.replace("python3", shlex.quote(sys.executable)), shell=True, cwd=tmp_path, check=True)
    (made,) = tmp_path.glob("picture.p[gp]m")
    (seen,) = Classifier(network=network).images([tmp_path / "picture.jpg"])
    assert (np.asarray(Image.open(made)) == seen.squeeze()).all()
    subprocess.run(["./network", made.name], cwd=tmp_path, stdout=subprocess.DEVNULL, check=True)


def check_rows(program: Program, plan: Plan) -> None:
    """Each row is written to its place in memory, and found there, not overwritten, whenever a stage reads it."""
    held: dict[int, tuple[int, int]] = {}  # 16 bits -> the value and the row that lie there

    def places(value: int, stage: Stage, row: int, width: int) -> range:
        buffer = plan.values[value]
        rows = buffer.rows if stage.pixels is None else stage.shape[0]
        width *= 1 if program.halves else 2
        first = 2 * buffer.offset + row % rows * width
        assert first + width <= 2 * plan.size
        return range(first, first + width)

    def assert_held(value: int, stage: Stage, row: int, width: int) -> None:
        if value in plan.values and stage.pixels is None:
            assert {held[place] for place in places(value, stage, row, width)} == {(value, row)}

    for run in plan.runs:
        made, taken = [0] * len(run), [0] * len(run)
        if not has_rows(last := run[0].piece):
            if last.result in plan.values:
                held |= dict.fromkeys(places(last.result, run[0], 0, last.shape[2]), (last.result, 0))
            continue
        for number in order_of(tuple(stage.rhythm for stage in run)):
            stage, piece, row = run[number], run[number].piece, made[number]
            window, (height, width, channels) = stage.window, stage.source
            packs = isinstance(piece.head, (BinaryConv, Conv) if program.halves else BinaryConv)
            first = taken[number] if packs else max(0, row * window.stride - window.padding)
            taken[number] = min(height, row * window.stride - window.padding + window.size)
            for read in range(first, taken[number]):
                assert_held(piece.value, stage, read, width * channels)
            if piece.other is not None:
                assert_held(piece.other, stage, row, stage.shape[1] * program.shapes[piece.other][2])
            for buffer in plan.own.values():
                assert buffer.offset + buffer.size <= plan.scratch
            if piece.result in plan.values and stage.pixels is None:
                width = stage.shape[1] * stage.shape[2]
                held |= dict.fromkeys(places(piece.result, stage, row, width), (piece.result, row))
            made[number] += 1
            if stage.pixels is not None:  # in rows of another width
                height, width, channels = piece.shape
                for natural in range(height if made[number] == stage.shape[0] else 0):
                    size = width * channels * (1 if program.halves else 2)
                    start = 2 * plan.values[piece.result].offset + natural * size
                    held |= dict.fromkeys(range(start, start + size), (piece.result, natural))
        assert made == [stage.shape[0] for stage in run]


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_rows_are_there_when_they_are_read(name, stream):
    program = steps_of(replace(exported(name), stream=stream))
    check_rows(program, plan_of(pieces_of(program), program.shapes))


def binary(size: int, **flags: int) -> BinaryConv2d:
    return BinaryConv2d(16, 16, size, binarizer="xnor", **flags)


def unit(conv: nn.Module, shortcut: nn.Module) -> nn.Module:
    made = ResidualUnit(16, 16, stride=1, shortcut="float", binarizer="xnor")
    made.conv, made.shortcut = conv, shortcut
    return made


BRANCHES = {
    "a 3x3 and a shortcut that is done row by row": (nn.Conv2d(16, 16, 3, padding=1), binary(1)),
    "a pooling and a shortcut": (nn.MaxPool2d(3, 1, 1), nn.BatchNorm2d(16)),
    "a shortcut that is behind": (binary(1), nn.Sequential(nn.BatchNorm2d(16), binary(3))),
}
"""Of a unit, whose input both read, at another pace."""


@pytest.mark.parametrize("stream, compiler", [("float32", NATIVE_ELSE), ("float16", BUILDS["plain"])], ids=STREAMS)
@pytest.mark.parametrize("branches", BRANCHES)
def test_a_row_that_another_branch_needs_is_kept(tmp_path, branches, stream, compiler):
    conv, shortcut = BRANCHES[branches]
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), unit(conv, shortcut), binary(3), nn.MaxPool2d(2), *head).eval()
    network = replace(exported("resnet"), net=net, stream=stream)
    program = steps_of(network)
    pieces = pieces_of(program)
    for together in range(2, len(pieces) - 1):
        check_rows(program, plan_of(pieces, program.shapes, together=together))
    images = random_images(network, 1)
    write(tmp_path, network)
    assert bits(run(tmp_path, compiler, images)) == bits(expected(network, images))


MEAN, LAST = nn.AdaptiveAvgPool2d(1), (nn.Conv2d(16, 10, 1), nn.Flatten())
SCORES = MEAN, nn.Flatten(), nn.Linear(16, 10)
FIRST = nn.Conv2d(3, 16, 3, padding=1)


def shortcut_of_the_image() -> nn.Module:
    made = unit(BinaryConv2d(3, 3, 3, binarizer="xnor"), nn.Identity())
    made.norm = nn.BatchNorm2d(3)
    return made


OWN = {
    "ends with a 1x1 convolution": lambda: (FIRST, binary(3), MEAN, *LAST),
    "ends with a ReLU": lambda: (FIRST, binary(3), *SCORES, nn.ReLU()),
    "neither mean nor linear": lambda: (
        FIRST,
        binary(3),
        nn.BatchNorm2d(16),
        nn.MaxPool2d(32),
        nn.Conv2d(16, 10, 1),
        nn.Flatten(),
    ),
    "begins with a batch norm": lambda: (nn.BatchNorm2d(3), FIRST, binary(3), *SCORES),
    "begins with a binary convolution": lambda: (BinaryConv2d(3, 16, 3, binarizer="xnor"), *SCORES),
    "begins with a pooling": lambda: (nn.MaxPool2d(2), FIRST, binary(3), *SCORES),
    "a shortcut of the image": lambda: (shortcut_of_the_image(), FIRST, binary(3), *SCORES),
    "a convolution beside a shortcut of the image": lambda: (
        unit(FIRST, BinaryConv2d(3, 16, 1, binarizer="xnor")),
        *SCORES,
    ),
}
"""Networks of own families, on images of 32 x 32 pixels in colour."""


@pytest.mark.parametrize("stream, compiler", [("float32", NATIVE_ELSE), ("float16", BUILDS["plain"])], ids=STREAMS)
@pytest.mark.parametrize("name", OWN)
def test_networks_of_own_families(tmp_path, name, stream, compiler):
    torch.manual_seed(0)
    network = replace(exported("resnet"), net=nn.Sequential(*OWN[name]()).eval(), stream=stream)
    program = steps_of(network)
    check_rows(program, plan_of(pieces_of(program), program.shapes))
    images = random_images(network, 2)
    write(tmp_path, network)
    found = run(tmp_path, compiler, images)
    assert bits(found) == bits(expected(network, images))
    by_torch = Classifier(network=network).by_torch(images)
    assert np.abs(found - by_torch).max() < (1e-4 if stream == "float32" else 0.05)


KINDS = ("float32", "xnor"), ("float32", "trained"), ("float16", "xnor")
"""Streams and binarizers: finished in registers; values of 0 and 1; sums that are finished later."""


@pytest.mark.parametrize("stream, binarizer", KINDS, ids=["-".join(kind) for kind in KINDS])
@pytest.mark.parametrize("members", [8, 16])
@pytest.mark.parametrize("channels", [32, 96, 48])
def test_groups_of_8_and_16_channels(tmp_path, channels, members, stream, binarizer):
    """In words of as many bits where the machine counts these: 32 channels fill half a vector or one, 96 do one more
    than whole ones; 48, and a 7x7 whose sums may pass 8 bits, are counted in lanes."""
    torch.manual_seed(0)

    def grouped(size: int, **flags: int) -> nn.Module:
        groups = channels // members
        conv = BinaryConv2d(channels, channels, size, groups=groups, binarizer=binarizer, **flags)
        norm = nn.BatchNorm2d(channels)
        nn.init.normal_(norm.bias)
        return nn.Sequential(conv, norm)

    layers = grouped(3), grouped(3, stride=2), grouped(5, low_border=True), grouped(7), grouped(3, padding=0)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)
    net = nn.Sequential(nn.Conv2d(3, channels, 3, stride=2, padding=1), *layers, *head).eval()
    network = replace(exported("resnet"), net=net, stream=stream)
    binary_layers = [step for step in steps_of(network).steps if isinstance(step, BinaryConv)]
    whole = members * (channels % 32 == 0)
    assert [layer.narrow for layer in binary_layers] == [whole, whole, whole, whole * (members == 16), whole]
    images = random_images(network, 2)
    write(tmp_path, network)
    assert bits(run(tmp_path, NATIVE, images)) == bits(expected(network, images))


def test_a_network_that_ends_with_a_map_is_refused():
    net = nn.Sequential(FIRST, binary(3), nn.Conv2d(16, 10, 1)).eval()
    with pytest.raises(InputError, match="ends with 32 x 32 pixels cannot be exported; end it with one score a class"):
        files(replace(exported("resnet"), net=net))


def test_a_value_of_which_no_row_is_read_has_one():
    """Of 1x1 windows with a border and a large stride, the only one lies outside of the image."""
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)
    outside = nn.Conv2d(8, 16, 1, stride=40, padding=1)
    narrow = BinaryConv2d(16, 8, 3, binarizer="xnor")
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), narrow, outside, binary(1), *head).eval()
    program = steps_of(replace(exported("resnet"), net=net))
    plan = plan_of(pieces_of(program), program.shapes, together=3)
    assert min(buffer.rows for buffer in plan.values.values()) == 1


def test_of_maps_that_are_executed_together_only_some_rows_are_held():
    """mobilenet-224 at width 0.25: the whole maps of its first layers would take (16 + 32) * 112^2 floats."""
    network = as_trained(Architecture.uniform("mobilenet-224", block="none", k=2, pool="avg", width=0.25))
    program = steps_of(network)
    plan = plan_of(pieces_of(program), program.shapes)
    assert plan.size < (16 + 32) * 112 * 112 / 5
    # The first value is the stem's, with 8 channels: its unit reads a row as skip while the next one is packed.
    assert plan.values[plan.runs[0][0].piece.result].rows == 2


def test_weights_take_a_bit_each():
    """mobilenet-32: each layer's binary weights are whole words of 32, so that nothing is padded."""
    network = as_trained(Architecture.uniform("mobilenet-32", block="mid", k=5, pool="avg"))
    layers = [step for step in steps_of(network).steps if isinstance(step, BinaryConv)]
    assert len(layers) == 39
    for layer in layers:
        assert in_words(layer).nbytes * 8 == layer.signs.size


@pytest.mark.parametrize("k", [3, 4])
def test_weights_of_narrow_words_lie_as_binary_h_states(k):
    network = as_trained(Architecture.uniform("mobilenet-32", block="mid", k=k, pool="avg", width=0.5))
    members = 2**k
    layers = [step for step in steps_of(network).steps if isinstance(step, BinaryConv) and step.narrow]
    layer = next(layer for layer in layers if layer.signs.shape[3] == 128)
    assert narrow(layer).nbytes * 8 == in_lanes(layer).nbytes * 8 == layer.signs.size
    words = narrow(layer).view(f"<u{members // 8}").reshape(-1, 3, 3, members, 512 // members**2)
    block, row, column, filter, group = np.indices(words.shape)
    channel = (block * words.shape[4] + group) * members + filter
    for member in range(members):
        assert (words >> member & 1 == ~layer.signs[row, column, member, channel]).all()


def test_the_flash_is_that_of_all_arrays(tmp_path):
    """As the compiler counts them."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    network = exported("of each K and block")
    write(tmp_path, network)
    names = re.findall(r"^static const \w+ ALIGNED (constant\d+)\[\]", (tmp_path / "network.c").read_text(), re.M)
    source = "".join(f'printf("%zu\\n", sizeof {name});' for name in names)
    (tmp_path / "sizes.c").write_text(f'#include <stdio.h>\n#include "network.c"\nint main(void) {{ {source} }}\n')
    subprocess.run(["gcc", "-std=c99", "-o", "sizes", "sizes.c"], cwd=tmp_path, check=True)
    sizes = subprocess.run(["./sizes"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert f"| {sum(map(int, sizes.split())):,} bytes, beside" in (tmp_path / "README.md").read_text()


def test_names_of_classes_are_kept(tmp_path):
    network = as_trained(Architecture.uniform("mobilenet-8", block="mid", k=0, pool="avg"))
    names = ('a"b', "two words " * 30, "\\0", "??/x", "naïve 7", "a\nb", "%s", "日本", "end", "")
    changed = replace(network, classes=names)
    write(tmp_path, changed)
    (tmp_path / "names.c").write_text(
        '#include <stdio.h>\n#include "network.h"\n'
        "int main(void) { for (int c = 0; c < NETWORK_CLASSES; c++) fwrite(network_classes[c], 1,"
        " __builtin_strlen(network_classes[c]) + 1, stdout); return 0; }"
    )
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    subprocess.run(
        ["gcc", "-std=c99", "-Werror=trigraphs", "-o", "names", "names.c", "network.c"], cwd=tmp_path, check=True
    )
    out = subprocess.run("./names", cwd=tmp_path, capture_output=True, check=True).stdout
    assert tuple(out.decode().split("\0")[:-1]) == names


@pytest.mark.parametrize("compiler", [NATIVE, "gcc -std=c99 -O1", BUILDS["plain"]], ids=["native", "SSE2", "plain"])
def test_sums_of_almost_16_bits(tmp_path, compiler):
    """A filter whose weights are all 1 meets activations that are all 1: the sum is 3 x 3 x 1840 = 16,560."""
    network = as_trained(Architecture.uniform("mobilenet-8", block="mid", k=0, pool="avg"))
    first, last = nn.Conv2d(1, 1840, 1), BinaryConv2d(1840, 32, 3, binarizer="trained")
    nn.init.zeros_(first.weight)
    nn.init.ones_(first.bias)
    nn.init.ones_(last.weight)
    chain = nn.Sequential(first, last, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)).eval()
    network = replace(network, net=chain)
    image = random_images(network, 1)
    write(tmp_path, network)
    assert bits(run(tmp_path, compiler, image)) == bits(expected(network, image))


def test_filters_of_almost_nothing_have_their_limit_in_range():
    network = as_trained(NETWORKS["shifted signs"]())
    for module in network.net.modules():
        if isinstance(module, BinaryConv2d):
            module.weight.data.mul_(1e-39)
    constants = files(network)["network.c"].decode()
    assert "inf" not in constants and "nan" not in constants


def test_numbers_that_are_not_finite_are_refused():
    network = as_trained(NETWORKS["pre, K=0"]())
    for module in network.net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.fill_(float("nan"))
    with pytest.raises(InputError, match="not finite"):
        files(network)


def test_float_networks_are_refused():
    network = as_trained(Architecture.of("mobilenet-v1", "mobilenet-8", 1.0, {}).canonical())
    with pytest.raises(InputError, match="mobilenet-v1 has no binary layers"):
        FORMATS["c"].files(network)
