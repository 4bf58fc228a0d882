"""A device: how programs for it are compiled and run, and what a network and its pieces take there."""

import platform
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from tempfile import TemporaryDirectory

from mobinet.export import TrainedNetwork
from mobinet.export.c.compiled import compile_error
from mobinet.export.c.folder import profiled_files
from space import InputError

OWN_FILES = ("profile.h", "cortex_m4.c", "cortex_m4.ld")


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where a program runs.

    Args:
        compiler: the command, with its flags.
        sources: files that are compiled beside network.c.
        run: the shell command that runs the program, which takes the place of ``{}``.
        unit: of what it measures, see `mobinet.latency.table`.
        repeats: of a network in one run of the program; their median counts.
        runs: of the program; the least median counts, since other work on a machine only adds to it.
        machine: on which it runs, in words.
        tools: programs that `run` needs.
    """

    compiler: str
    run: str = "{}"
    sources: tuple[str, ...] = ()
    unit: str = "s"
    repeats: int = 51
    runs: int = 3
    machine: str
    tools: tuple[str, ...] = ()

    def require(self) -> None:
        """Raises InputError where the compiler, or what runs its programs, is missing."""
        try:
            tools = [*shlex.split(self.compiler)[:1], *self.tools]
        except ValueError as error:
            raise InputError(f"{self.compiler}: {error}") from None
        for tool in tools or [self.compiler]:
            if not shutil.which(tool):
                raise InputError(f"{tool} is not installed")

    def compiled_by(self) -> str:
        """The compiler with its flags and, where it says so, its version."""
        words = [*shlex.split(self.compiler), "--version"]
        said = subprocess.run(words, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
        version = said.stdout.splitlines()[:1] if said.returncode == 0 else []
        return "; ".join([self.compiler, *version])

    def measure(self, network: TrainedNetwork, *, whole: bool = False) -> list[float]:
        """What each piece of a network takes, in order; or the whole one. Raises InputError."""
        pieces, files = profiled_files(network, whole=whole)
        with TemporaryDirectory() as name:
            folder = Path(name)
            own = {file: (resources("mobinet.latency") / file).read_bytes() for file in OWN_FILES}
            for file, content in (files | own).items():
                (folder / file).write_bytes(content)
            flags = f"-DPIECES={pieces} -DREPEATS={self.repeats} -fno-strict-aliasing -o program network.c"
            self._call([*shlex.split(self.compiler), *flags.split(), *self.sources], folder)
            command = ["sh", "-c", self.run.replace("{}", shlex.quote(str(folder / "program")))]
            outs = [self._call(command, Path.cwd()).split() for _ in range(self.runs)]
        if not all(len(out) == pieces and all(map(_is_number, out)) and any(map(int, out)) for out in outs):
            raise InputError(f"{self.run} printed something else than the program, which prints {pieces} numbers")
        unit = 1e-9 if self.unit == "s" else 1.0
        return [unit * max(1, min(map(int, medians))) for medians in zip(*outs)]

    def _call(self, command: list[str], folder: Path) -> str:
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=600)
        except subprocess.TimeoutExpired:
            raise InputError(f"{command[0]} took longer than 10 minutes") from None
        if done.returncode:
            reason = compile_error(done.stderr or done.stdout or f"it ended with status {done.returncode}")
            raise InputError(f"{shlex.join(command)[:60]}... failed: {reason}")
        return done.stdout


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 19


def here() -> Device:
    """This machine."""
    return Device(compiler="cc -std=gnu99 -O3 -march=native", machine=machine_name())


def cortex_m4() -> Device:
    """An emulated one, which counts instructions: exact, and the same everywhere."""
    emulator = "qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -monitor none -serial none -icount shift=0"
    return Device(
        compiler="arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -std=gnu99 -O2 "
        "-DINSTRUCTIONS=40 --specs=rdimon.specs -T cortex_m4.ld",
        run=f"{emulator} -semihosting-config enable=on,target=native -kernel {{}}",
        sources=("cortex_m4.c",),
        unit="instructions",
        repeats=1,
        runs=1,
        machine="QEMU",
        tools=("qemu-system-arm",),
    )


TARGETS = {"here": here, "cortex-m4": cortex_m4}
"""Devices that are known by name."""


def machine_name() -> str:
    """Of this machine, and of its processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return f"{platform.node()}, {line.partition(':')[2].strip()}"
    return f"{platform.node()}, {platform.processor() or platform.machine()}"
