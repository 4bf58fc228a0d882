"""What becomes of a trial whose evaluation raised an exception."""

from search.machine import missing_memory
from search.task import Failure
from space import InputError
from space.errors import first_line

OF_SEARCH = (
    "use fewer --workers, or under Ray more --gpus-per-trial, with --retry-failed; or a smaller --width with another "
    "--out"
)


def failure_of(error: BaseException, memory_advice: str = OF_SEARCH) -> Failure:
    """Its reason: the exception's text or, where memory ran out, how much was missing and what to do."""
    import torch

    if missing := missing_memory(error):
        return Failure(reason=f"{missing}; {memory_advice}")
    if isinstance(error, InputError):
        return Failure(reason=str(error))
    name = type(error).__name__
    return Failure(
        reason=f"{name}: {first_line(error)}" if str(error) else name, spoiled=isinstance(error, torch.AcceleratorError)
    )
