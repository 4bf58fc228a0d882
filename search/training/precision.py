"""The type that a training computes in."""

import torch


def training_dtype(device: torch.device) -> torch.dtype:
    """Of the activations in training; weights are float32, and networks are judged in float32."""
    return torch.bfloat16 if device.type == "cuda" and _computes_in_bfloat16(device) else torch.float32


def dtype_text(device: torch.device) -> str:
    """The same as text, such as ``bfloat16``."""
    return str(training_dtype(device)).removeprefix("torch.")


def _computes_in_bfloat16(device: torch.device) -> bool:
    """Whether this GPU does, or without an index the current one; `is_bf16_supported` knows only the current one."""
    return torch.cuda.get_device_capability(device) >= (8, 0)
