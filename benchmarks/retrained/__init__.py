"""Test accuracy after the full training schedule."""
