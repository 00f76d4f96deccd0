"""What pipec does, for programs: the one module that knows the frontend, the passes and the backends.

Nothing here prints, and nothing raises for what is wrong with a pipeline: that ends in findings. `UsageError` says that
the caller asked for something that there is not.
"""

from __future__ import annotations

from pipec.api.building import Built, Change, build, check, compare, outputs, write
from pipec.api.sources import Selected, UsageError, Workspace, read, read_one
from pipec.compiler.diagnostics.renderers import Shown

__all__ = [
    "Built",
    "Change",
    "Selected",
    "Shown",
    "UsageError",
    "Workspace",
    "build",
    "check",
    "compare",
    "outputs",
    "read",
    "read_one",
    "write",
]
