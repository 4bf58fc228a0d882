"""What a process may set of the fused kernels; all of it in one place."""

from dataclasses import dataclass


@dataclass
class Settings:
    """Args:
    enabled: whether any unit runs fused.
    threads: that work on one batch on the CPU.
    """

    enabled: bool = True
    threads: int = 1


settings = Settings()
