"""How the Numba kernels are compiled.

All are inlined into those that call them. Of a function that two kernels call, Numba would otherwise take the copy that
a process loads first for both; copies round differently, so what ran before would decide what a seed trains.
"""

from collections.abc import Callable

from numba import njit

from mobinet.fused.cpu.cache_stamp import stamped_by_all_sources

_OPTIONS = {
    "nogil": True,
    "forceinline": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
}


def kernel(function: Callable) -> Callable:
    """For functions that Python calls: compiled at the first call, for this machine; kept until a source changes."""
    with stamped_by_all_sources():
        return njit(cache=True, **_OPTIONS)(function)


inlined = njit(inline="always", **_OPTIONS)
"""For functions that only kernels call, compiled as a part of each."""


def sized(*sizes: int) -> Callable[[Callable], Callable]:
    """For functions that only kernels call: each of `sizes`, the first argument, is a constant for LLVM to unroll."""

    def decorate(function: Callable) -> Callable:
        body = choice = njit(**_OPTIONS)(function)
        for size in reversed(sizes):
            choice = njit(**_OPTIONS)(_either(size, body, choice))
        return choice

    return decorate


def _either(constant: int, body: Callable, otherwise: Callable) -> Callable:
    def choose(size, *arguments):
        if size == constant:
            body(constant, *arguments)
        else:
            otherwise(size, *arguments)

    return choose
