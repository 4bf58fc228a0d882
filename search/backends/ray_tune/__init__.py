"""Ray Tune runs the evaluations, on this machine or on a cluster. Ray itself is loaded in a process of its own."""

from search.backends.ray_tune.backend import RAY_TUNE, RayBackend

__all__ = ["RAY_TUNE", "RayBackend"]
