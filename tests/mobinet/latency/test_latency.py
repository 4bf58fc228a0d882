"""Tables of latencies: what they hold, what is refused, and that their sums are the time of whole networks."""

import importlib.util
import os
import re
import shutil
import sys
from dataclasses import replace
from importlib.metadata import version
from random import Random

import pytest

from mobinet.export import FORMATS
from mobinet.export.memory import exported_pieces, ram, untrained
from mobinet.export.pieces import pieces_of
from mobinet.export.translate import steps_of
from mobinet.latency.__main__ import locked, main, to_measure
from mobinet.latency.device import TARGETS
from mobinet.latency.peers import measure_peers
from mobinet.latency.table import (
    WHOLE,
    LatencyTable,
    kernels_digest,
    name_of,
    name_of_check,
    peers_in,
    piece_names,
    pieces_digest,
    read_table,
)
from space import Architecture, InputError, load_space
from tests.mobinet.export.networks import NETWORKS

SPACE = load_space("mobinet", backbone="mobilenet-8")
FIRST = Architecture.uniform("mobilenet-8", block="mid", k=2, pool="avg")


def write_table(path, values, **fields):
    head = {"target": "toy", "machine": "none", "unit": "s", "kernels": kernels_digest(), "compiler": "cc", **fields}
    LatencyTable(**head, path=path, values=values).write()
    return path


def test_the_latency_is_the_sum_of_the_pieces_times_the_correction(tmp_path):
    names = piece_names(FIRST, 10)
    values = {name: 2.0**-number for number, name in enumerate(dict.fromkeys(names))}
    correction, other = (name_of_check(WHOLE, "mobilenet-8", width, "0a") for width in (1.0, 0.5))
    table = read_table(write_table(tmp_path / "a.csv", {**values, correction: 0.5, other: 0.25}))
    assert table.latency(FIRST, 10) == pytest.approx(0.5 * sum(values[name] for name in names))


def test_each_space_of_a_table_has_its_own_correction(tmp_path):
    """Of two binarizers; where one space was measured, what it has is for all."""
    spaces = [load_space("mobinet", backbone="mobilenet-8", binarizer=name) for name in ("xnor", "trained")]
    pieces = [pieces_digest(space, 10) for space in spaces]
    networks = [next(iter(to_measure(space, 10))) for space in spaces]
    values = {name: 1.0 for network in networks for name in piece_names(network, 10)}
    sums = [len(piece_names(network, 10)) for network in networks]
    rows = [name_of_check(WHOLE, "mobilenet-8", 1.0, digest) for digest in pieces]
    both = read_table(write_table(tmp_path / "both.csv", {**values, rows[0]: 0.5, rows[1]: 0.25}))
    found = [both.latency(network, 10, digest) for network, digest in zip(networks, pieces)]
    assert found == [0.5 * sums[0], 0.25 * sums[1]]
    with pytest.raises(InputError, match="not finished for mobilenet-8 at width 1"):
        both.latency(networks[0], 10)
    one = read_table(write_table(tmp_path / "one.csv", {**values, rows[0]: 0.5}))
    assert [one.latency(networks[1], 10, digest) for digest in (pieces[1], "")] == [0.5 * sums[1]] * 2


def test_some_networks_contain_every_piece():
    networks = list(to_measure(SPACE, 10))
    known = {name for network in networks for name in piece_names(network, 10)}
    rng = Random(0)
    for _ in range(20):
        assert known.issuperset(piece_names(SPACE.sample(rng), 10))
    assert len(networks) < 20


@pytest.mark.parametrize("name", NETWORKS)
def test_pieces_without_weights_are_those_of_the_network(name):
    network = NETWORKS[name]()
    check_pieces(network)


def check_pieces(network):
    program = steps_of(untrained(network, 10))
    pieces, shapes = exported_pieces(network, 10)
    whole = pieces_of(program)
    assert shapes == program.shapes
    assert [name_of(piece, shapes) for piece in pieces] == [name_of(piece, program.shapes) for piece in whole]
    numbers = [[(p.value, p.other, p.result, p.image is None) for p in found] for found in (pieces, whole)]
    assert numbers[0] == numbers[1]


OWN = """
from dataclasses import dataclass

from torch import nn

from mobinet.conv import BinaryConv2d
from mobinet.part import Part
from space.family import Family
from space.gene import Gene


class Own(Family):
    backbones = {"own-8": (1, 8, 8)}

    def genes(self, backbone, width):
        return (Gene(name="kind", choices=(0, 1, 2), legal=(0, 1, 2)),)

    def describe(self, choices):
        return "own"


FAMILY = Own()


def binary(channels):
    return BinaryConv2d(channels, 16, 3, binarizer="xnor")


NETWORKS = {
    0: (lambda: nn.BatchNorm2d(1), lambda: binary(1), lambda: nn.Conv2d(16, 10, 8), nn.Flatten),
    1: (lambda: binary(1), lambda: binary(16), lambda: nn.AdaptiveAvgPool2d(1), lambda: nn.Linear(16, 10), nn.ReLU),
    2: (lambda: nn.MaxPool2d(2), lambda: nn.ReLU(), lambda: binary(1), lambda: nn.Conv2d(16, 10, 4)),
}


@dataclass(frozen=True, kw_only=True)
class Layer(Part):
    kind: int
    number: int

    def build(self):
        return NETWORKS[self.kind][self.number]()


def parts(architecture, num_classes):
    kind = architecture.choices["kind"]
    return tuple(Layer(name=f"layer{n}", kind=kind, number=n) for n in range(len(NETWORKS[kind])))
"""


def test_pieces_of_an_own_family_are_those_of_the_network(tmp_path):
    """Where another step than a convolution reads the image, and where the last one makes no scores."""
    (tmp_path / "own.py").write_text(OWN)
    space = load_space(str(tmp_path / "own.py"), backbone="own-8")
    for kind in range(3):
        network = space.architecture({"kind": kind})
        check_pieces(network)
        header = FORMATS["c"].files(untrained(network, 10))["network.h"].decode()
        assert f"#define NETWORK_ARENA {ram(network, 10) // 4} " in header


def test_a_table_that_lacks_a_piece_names_it(tmp_path):
    names = piece_names(FIRST, 10)
    table = read_table(write_table(tmp_path / "a.csv", dict.fromkeys(names[1:], 1.0)))
    with pytest.raises(InputError, match="a.csv lacks a piece of these networks .conv 3x3"):
        table.latency(FIRST, 10)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text.replace("target", "goal", 1), "not a table of latencies"),
        (lambda text: text.replace("toy", "other", 1), "rows of 2 devices"),
        (lambda text: text.replace(",1\n", ",fast\n", 1), "line 2: not a piece and its value"),
        (lambda text: text.replace(",1\n", ",nan\n", 1), "nan is no latency"),
        (lambda text: text.replace(",1\n", ",-1\n", 1), "-1 is no latency"),
        (lambda text: text.replace(",1\n", ",0\n", 1), "0 is no latency"),
        (lambda text: text + text.splitlines()[-1] + "\n", "a second value of linear"),
        (lambda text: text[:-30], "not the 7 fields"),
        (lambda text: text.replace(",s,", ",weeks,"), "'weeks'"),
        (lambda text: text.replace(kernels_digest(), "0" * 16), "another version of the exported C"),
        (lambda text: "", "not a table of latencies"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, change, complaint):
    path = write_table(tmp_path / "a.csv", dict.fromkeys(piece_names(FIRST, 10), 1.0))
    path.write_text(change(path.read_text()))
    with pytest.raises(InputError, match=complaint):
        read_table(path)


@pytest.mark.parametrize(("backbone", "width"), [("mobilenet-16-grey", 0.25), ("mobilenet-32", 0.125)])
def test_ram_is_what_the_header_says(backbone, width):
    """Of networks that need different amounts, in a space whose first layers are executed together."""
    space, rng, found = load_space(backbone=backbone, width=width), Random(1), set()
    for _ in range(8):
        network = space.sample(rng)
        header = FORMATS["c"].files(untrained(network, 10))["network.h"].decode()
        (floats,) = re.findall(r"#define NETWORK_ARENA (\d+)", header)
        assert ram(network, 10) == 4 * int(floats)
        found.add(ram(network, 10))
    assert len(found) > 4


@pytest.mark.parametrize("target", TARGETS)
def test_sums_agree_with_whole_networks(target):
    """On an emulator that counts instructions within 2 %; on this machine, which others share, within a factor of 3."""
    device = TARGETS[target]()
    device = replace(device, compiler=device.compiler.replace("-O3", "-O1"))
    for tool in (device.compiler.split()[0], device.run.split()[0]):
        if tool != "{}" and not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    pieces = device.measure(untrained(FIRST, 10))
    assert len(pieces) == len(piece_names(FIRST, 10)) and min(pieces) > 0
    (whole,) = device.measure(untrained(FIRST, 10), whole=True)
    factor = 1.02 if device.unit == "instructions" else 3
    assert sum(pieces) / factor <= whole <= sum(pieces) * factor


def test_what_the_users_command_prints_counts():
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")
    count = len(piece_names(FIRST, 10))
    device = replace(
        TARGETS["here"](), compiler="cc -std=gnu99 -O0", run=f"test -x {{}} && seq 11 {count + 10}", runs=1
    )
    assert device.measure(untrained(FIRST, 10)) == pytest.approx([1e-9 * n for n in range(11, count + 11)])


def run(monkeypatch, *flags):
    monkeypatch.setattr(sys, "argv", ["latency", *map(str, flags)])
    main()


def test_a_table_is_continued_and_of_one_device(monkeypatch, tmp_path, capsys):
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")
    rules = tmp_path / "small.toml"
    rules.write_text('block = ["mid"]\nk = [0]\npool = ["avg"]\n[layer1]\nk = [0, 1]\n')
    flags = "--backbone", "mobilenet-8", "--space", rules, "--out", tmp_path / "a.csv", "--cc", "cc -std=gnu99 -O0"
    run(monkeypatch, *flags)
    measured = read_table(tmp_path / "a.csv").values
    rows = {name for name in measured if "tau" not in name}  # which two networks of equal latency do not have
    assert "network 2 of 2" in capsys.readouterr().out
    run(monkeypatch, *flags)
    out = capsys.readouterr().out
    assert "has all of them already" in out
    assert read_table(tmp_path / "a.csv").values == measured
    path = tmp_path / "a.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "linear" not in line) + "\n")
    run(monkeypatch, *flags)  # as if it had been stopped
    assert rows <= read_table(path).values.keys() and "Kendall's tau" in capsys.readouterr().out
    with pytest.raises(InputError, match="is of the target here, not pi"):
        run(monkeypatch, *flags, "--target", "pi", "--run", "{}")
    with pytest.raises(InputError, match="is of the compiler cc -std=gnu99 -O0.*, not cc -std=gnu99 -O3"):
        run(monkeypatch, *flags[:-1], "cc -std=gnu99 -O3")
    assert rows <= read_table(path).values.keys()


def test_one_process_at_a_time_measures_a_table(monkeypatch, tmp_path):
    flags = "--backbone", "mobilenet-8", "--out", tmp_path / "a.csv"
    with locked(tmp_path / "a.csv"), pytest.raises(InputError, match="another process measures .*a.csv; wait for it"):
        run(monkeypatch, *flags)
    with locked(tmp_path / "b.csv"), locked(tmp_path / "a.csv"):
        pass


def test_a_lock_that_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / ".a.csv.lock")
    with pytest.raises(InputError, match=".a.csv.lock is not a file"):
        locked(tmp_path / "a.csv")


def test_a_table_without_whole_networks_is_not_finished(tmp_path):
    table = read_table(write_table(tmp_path / "a.csv", dict.fromkeys(piece_names(FIRST, 10), 1.0)))
    with pytest.raises(InputError, match="not finished for mobilenet-8 at width 1; repeat"):
        table.latency(FIRST, 10)


def test_the_clock_of_a_cortex_m4_goes_round():
    """What takes many rounds of its timer counts as with one long one, but for the interrupts at their ends."""
    if missing := [tool for tool in ("arm-none-eabi-gcc", "qemu-system-arm") if not shutil.which(tool)]:
        pytest.skip(f"{missing[0]} is not installed")
    device = TARGETS["cortex-m4"]()
    (long,) = device.measure(untrained(FIRST, 10), whole=True)
    short = replace(device, compiler=f"{device.compiler} -DROUND=1024")  # of 40 instructions each
    assert long > 20 * 1024 * 40
    assert short.measure(untrained(FIRST, 10), whole=True) == [pytest.approx(long, rel=1e-3)]


def test_a_network_that_is_too_large_for_the_device_names_its_memory():
    device = TARGETS["cortex-m4"]()
    if not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("arm-none-eabi-gcc is not installed")
    large = Architecture.uniform("mobilenet-224", block="mid", k=2, pool="avg")
    with pytest.raises(InputError, match="region `RAM' overflowed"):
        device.measure(untrained(large, 10))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--target", "pi"), "say with --run"),
        (("--run", "ssh pi"), "needs {}"),
        (("--cc", "no-such-compiler"), "no-such-compiler is not installed"),
        (("--run", "echo hello {}", "--cc", "cc -std=gnu99 -O0"), "printed something else than the program"),
        (("--run", "false {}", "--cc", "cc -std=gnu99 -O0"), "failed"),
        (("--classes", "1"), "from 2 to"),
        (("--out", "."), ". is a folder; name a file in it"),
        (("--out", "table.txt"), "table.txt does not end in .csv"),
    ],
)
def test_a_wrong_flag_is_one_line(monkeypatch, tmp_path, flags, complaint):
    with pytest.raises(InputError, match=complaint):
        run(monkeypatch, "--backbone", "mobilenet-8", "--out", tmp_path / "a.csv", *flags)


def test_mobilenet_v1_is_timed_where_onnxruntime_is_installed(tmp_path, monkeypatch):
    """More of it takes longer; its rows are of its backbone and width, and no piece."""
    if not all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime")):
        pytest.skip("onnxruntime is not installed")
    monkeypatch.setattr("mobinet.latency.peers.SECONDS", 0.05)
    found = {}
    for width in (0.25, 16.0):
        space = load_space(backbone="mobilenet-8", width=width)
        path = write_table(tmp_path / "a.csv", measure_peers(space, 10) | {"a piece": 1.0})
        found[width] = peers_in(path, space)
        assert not peers_in(path, load_space(backbone="mobilenet-8", width=1.0))
    kinds = [f"MobileNet-v1 in {kind}, onnxruntime {version('onnxruntime')}" for kind in ("float", "int8")]
    assert list(found[0.25]) == list(found[16.0]) == kinds
    assert found[0.25][kinds[0]] < found[16.0][kinds[0]]


def test_mobilenet_v1_is_timed_before_the_table_is_finished(tmp_path, monkeypatch):
    """So a command that is stopped there times it when it is repeated."""
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")

    def stop(space, num_classes):
        raise KeyboardInterrupt

    flags = "--backbone", "mobilenet-8", "--width", "0.25", "--out", tmp_path / "a.csv", "--cc", "cc -std=gnu99 -O0"
    (tmp_path / "one.toml").write_text('block = ["mid"]\nk = [0]\npool = ["avg"]\n')
    flags = *flags, "--space", tmp_path / "one.toml"
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr("mobinet.latency.__main__.measure_peers", stop)
        run(monkeypatch, *flags)
    monkeypatch.setattr("mobinet.latency.__main__.measure_peers", lambda space, num_classes: {"peer": 1.0})
    run(monkeypatch, *flags)
    assert "peer" in read_table(tmp_path / "a.csv").values


def test_mobilenet_v1_is_left_out_where_it_cannot_run(monkeypatch):
    assert measure_peers(load_space("vgg-small", input_shape=(3, 32, 32)), 10) == {}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert measure_peers(SPACE, 10) == {}
