"""Beside this file lie the stand-ins that tests of several packages import: `fakes`, `faults`."""
