"""Names that the pipeline's module binds again, and some that it does not."""

from math import floor as down  # noqa: F401


def level():
    return "of levels"


def both():
    return "of levels"


def _hidden():
    return "never exported"
