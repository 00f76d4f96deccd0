"""What tasks wait for: not for what only their settings take, which the settings say themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipec.backends.kfp.reading.documents import Documents
from pipec.backends.kfp.reading.own.levels import inputs_of, producers
from pipec.backends.kfp.reading.producers import givers


class Waiting:
    """Tells it for the tasks of one document."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.components: Mapping[str, Any] = documents.spec.get("components") or {}
        self.read: dict[str, set[str]] = {}
        """Component that is a DAG -> the inputs that some task in it reads."""

    def of(self, task: Mapping[str, Any]) -> set[str]:
        """The tasks of the same DAG that `task` waits for."""
        reference = task["componentRef"]["name"]
        component = self.components[reference]
        read = set(producers(task, self._read(reference) if "dag" in component else None))
        taken = {*producers(task), *givers(self.documents, component)}
        return read | ({*(task.get("dependentTasks") or ())} - taken)

    def _read(self, name: str) -> set[str]:
        if name not in self.read:
            self.read[name] = set()
            for task in self.components[name]["dag"]["tasks"].values():
                self.read[name] |= {*self._inputs(task)}
        return self.read[name]

    def _inputs(self, task: Mapping[str, Any]) -> Iterator[str]:
        """The inputs of its DAG that `task` reads."""
        reference = task["componentRef"]["name"]
        nested = self._read(reference) if "dag" in self.components[reference] else None
        ways = (task.get("triggerPolicy") or {}).get("condition") or ""
        items = ((task.get("parameterIterator") or {}).get("items") or {}).get("inputParameter")
        for port, source in inputs_of(task):
            if nested is None or port in nested or port == items or f"'{port}'" in ways:
                yield from (
                    str(source[key]) for key in ("componentInputParameter", "componentInputArtifact") if key in source
                )
