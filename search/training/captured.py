"""A training step recorded once as a CUDA graph, then replayed: one launch in place of over a thousand."""

import warnings
from collections.abc import Callable
from threading import Lock

import torch
from torch import Tensor

from search.machine import missing_memory
from space.errors import first_line

WARM_UP = 3
"""Calls before the recording: libraries allocate, and choose their algorithms, at the first ones."""


class CapturedStep:
    """Runs a step as it is a few times, then records it, and replays the recording from then on.

    What the step reads and writes, apart from its arguments, must stay at one place in the GPU's memory. Where the step
    cannot be recorded, it says so once and goes on without.
    """

    def __init__(self) -> None:
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._inputs: tuple[Tensor, ...] = ()

    def __call__(self, step: Callable[..., None], *inputs: Tensor) -> None:
        """What `step(*inputs)` does; the step and the shapes are the same at each call."""
        self._calls += 1
        if self._calls == 1:
            self._stream = _stream_beside()
        if self._calls == WARM_UP + 1:
            with launching:
                self._record(step, inputs)
        if self._graph is not None:
            for place, tensor in zip(self._inputs, inputs):
                place.copy_(tensor)
            self._graph.replay()
        else:
            with launching:
                self._beside(step, inputs)

    def _beside(self, step: Callable[..., None], inputs: tuple[Tensor, ...]) -> None:
        """On the stream of the recording, as autograd must have seen the step on it."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            step(*inputs)
        current.wait_stream(self._stream)

    def _record(self, step: Callable[..., None], inputs: tuple[Tensor, ...]) -> None:
        places = tuple(tensor.clone() for tensor in inputs)
        graph, failed = torch.cuda.CUDAGraph(), None
        try:
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                try:
                    step(*places)
                except BaseException as error:
                    failed = error  # ending the recording then fails, too, and would hide it
                    raise
        except BaseException as error:
            failed = failed or error
            if not isinstance(failed, Exception) or missing_memory(failed):
                raise failed from None
            # also errors of Triton, which are of no common type: the step, run as it is, raises what does not pass
            warnings.warn(f"training without a CUDA graph, several times slower: {first_line(failed)}", stacklevel=2)
            return
        finally:
            failed = None  # which holds this frame, and with it the step's tensors
        self._graph, self._inputs = graph, places


launching = Lock()
"""Held by the thread that launches a network's kernels one by one, or records them.

While a thread records, what another one launches may load a kernel or wait for the GPU; then both fail. Replaying a
recording does neither.
"""


def _stream_beside() -> torch.cuda.Stream:
    """This thread's stream, or another where it is the default one, which cannot be recorded.

    Threads do not share one: what is recorded keeps the workspace that cuBLAS has for a stream, and recordings that are
    replayed side by side would write to the same one.
    """
    current = torch.cuda.current_stream()
    return torch.cuda.Stream() if current == torch.cuda.default_stream() else current
