"""Container steps: commands of the user's own images, as `container(...)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.own.glue import Made
from pipec.backends.kfp.reading.own.symbols import Symbols, Value
from pipec.backends.kfp.reading.values import RefusedError
from pipec.compiler.reading import ContainerStep

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.own.steps import Steps


class Containers:
    """The container steps of one document."""

    def __init__(self, documents: Documents, symbols: Symbols) -> None:
        self.documents, self.symbols = documents, symbols
        self.names: dict[str, str] = {}
        self.paths: list[Path] = []

    def task(
        self,
        name: str,
        path: Path,
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        bound: Mapping[str, Value],
    ) -> Made:
        """A task of such a container."""
        raise RefusedError(f"the container of the task `{name}` cannot be read back")

    def items(self, steps: Steps) -> list[ContainerStep]:
        """Their definitions."""
        return []
