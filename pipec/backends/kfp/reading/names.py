"""Names of the module that is made: no two things of one scope share one, and none hides another."""

from __future__ import annotations

import keyword
import re

from pipec.compiler.reading.module import AUTHORING

BUILTINS = (
    "abs", "all", "any", "bool", "dict", "enumerate", "float", "int", "len", "list", "max", "min", "range", "repr",
    "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip", "Exception",
)  # fmt: skip
"""What a pipeline function may call."""
RESERVED = frozenset(
    {*AUTHORING, *BUILTINS, "Artifact", "StoredArtifact", "TaskFinalStatus", "dsl", "Path", "json", "tempfile"}
    | {"shutil", "_"}
)


def identifier(text: str) -> str:
    """`text` as a name."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    name = f"_{name}" if name[:1].isdigit() else name or "value"
    return f"{name}_" if keyword.iskeyword(name) else name


class Names:
    """The names that are taken."""

    def __init__(self) -> None:
        self.module: set[str] = set()
        self.locals: set[str] = set()
        """Of all functions together: a step must not have the name of a variable."""

    def top(self, wanted: str) -> str:
        """A name of the module's own."""
        name = self._free(identifier(wanted), RESERVED | self.module | self.locals)
        self.module.add(name)
        return name

    def local(self, wanted: str, own: set[str]) -> str:
        """A name in a function whose names are `own`."""
        name = self._free(identifier(wanted), RESERVED | self.module | own)
        own.add(name)
        self.locals.add(name)
        return name

    @staticmethod
    def _free(wanted: str, taken: frozenset[str] | set[str]) -> str:
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}_{number}"
        return name
