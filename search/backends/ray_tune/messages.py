"""What the driver and the process that talks to Ray send each other."""

WAITING = b""
"""What the driver sends when it has no task until one ends; all else is a task."""
