"""`python -m pipec.backends.python.agreement`: loads the results of several runs and holds them against the first.

A process of its own, since loading a result needs the user's classes. Reads one request on standard input, and writes
its answer to the file that the request names.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import pickle
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipec.backends.python.compare import differences
from pipec.backends.python.reference import import_path, keep_project_clean


class Request(BaseModel):
    """What to compare."""

    root: str
    """The project root."""
    file: str
    """The pipeline's module."""
    paths: tuple[str, ...] = ()
    names: dict[str, tuple[str, str]] = {}
    """Name of a class in generated code -> the user's module, and its name there."""
    reference: str
    """File with the result of the first run."""
    others: dict[str, str] = {}
    """Target -> file with its result."""
    answer: str


class _Unpickler(pickle.Unpickler):
    """Finds classes of generated modules where the user has defined them."""

    def __init__(self, data: bytes, names: dict[str, tuple[str, str]]) -> None:
        super().__init__(io.BytesIO(data))
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        """The user's own class for one of a generated module."""
        root, _, rest = name.partition(".")
        if root in self._names and not self._is_real(module, root):
            module, root = self._names[root]
            name = f"{root}.{rest}" if rest else root
        return super().find_class(module, name)

    def _is_real(self, module: str, name: str) -> bool:
        if module == "__main__":
            return False
        try:
            return hasattr(importlib.import_module(module), name)
        except Exception:  # a module of the generated files, or one that only they can import
            return False


def compare(request: Request) -> dict[str, list[tuple[str, str, str]]]:
    """Target -> differences of its result: path, expected, actual."""
    root = Path(request.root)
    keep_project_clean(root)
    sys.path[:0] = import_path(Path(request.file), root, request.paths)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for target, file in request.others.items():
        expected = json.loads(Path(request.reference).read_text(encoding="utf-8"))
        actual = json.loads(Path(file).read_text(encoding="utf-8"))
        if not expected["pickle"] or not actual["pickle"]:
            found[target] = differences(expected["json"], actual["json"])
            continue
        try:
            pair = [_Unpickler(base64.b64decode(side["pickle"]), request.names).load() for side in (expected, actual)]
        except Exception as error:  # the user's classes may refuse in any way
            found[target] = [("", "a result that can be loaded", f"{type(error).__name__}: {error}")]
            continue
        found[target] = differences(*pair)
    return found


if __name__ == "__main__":
    asked = Request.model_validate_json(sys.stdin.read())
    Path(asked.answer).write_text(json.dumps(compare(asked)), encoding="utf-8")
