"""Tasks that run no program of pipec's: containers of the user's own images, and what only Kubeflow can run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.commands import command
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.own.calls import Giving, StepNames
from pipec.backends.kfp.reading.own.containers import Containers, without_keys
from pipec.backends.kfp.reading.own.glue import Made
from pipec.backends.kfp.reading.own.natives import Natives
from pipec.backends.kfp.reading.own.symbols import Symbols, Value
from pipec.backends.kfp.reading.own.tree import Assign
from pipec.backends.kfp.reading.ports import parameter_type
from pipec.backends.kfp.sdk import claim_of
from pipec.compiler.reading import Item

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.own.steps import Steps


class ForeignSteps:
    """All of them in one document."""

    def __init__(self, documents: Documents, symbols: Symbols, names: StepNames) -> None:
        self.executors: Mapping[str, Any] = documents.spec["deploymentSpec"]["executors"]
        self.containers = Containers(documents, symbols, names)
        self.natives = Natives(documents, symbols, names)

    def task(
        self, name: str, path: Path, task: Mapping[str, Any], component: Mapping[str, Any], bound: Mapping[str, Value]
    ) -> Made:
        """What one task is: a container step where its command line and interface are those of one."""
        label = component["executorLabel"]
        container = self.executors[label].get("container") or {}
        if container and not claim_of(container.get("image")) and _is_plain(component):
            read = command(container, without_keys(component), frozenset(bound))
            if not read.lost and not read.notes:
                return self.containers.task(name, path, task, label, read, bound)
        return self.natives.task(name, path, task, component, bound)

    def placeholder(self, text: str, path: Path) -> Assign:
        """What gives a text that the server fills in for the task at `path`."""
        return self.natives.placeholder(text, path)

    def giver(self, path: Path) -> Giving | None:
        """The step of a task that gives something to the settings of another one."""
        return self.natives.giver(path) or self.containers.giver(path)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def names(self) -> set[str]:
        """What they are called."""
        return {*self.containers.known, *self.natives.known}

    def items(self, steps: Steps) -> list[Item]:
        """Their definitions."""
        return [*self.containers.items(steps), *self.natives.items(steps)]

    def imports(self) -> list[str]:
        """The statements that their annotations need."""
        found = " ".join([*self.containers.annotations(), *self.natives.annotations()])
        wanted = {"Path": "from pathlib import Path", "Annotated": "from typing import Annotated"}
        return [statement for name, statement in wanted.items() if name in found]


def _is_plain(component: Mapping[str, Any]) -> bool:
    """Whether a component takes and gives nothing but text and single files, all of which it is always given."""
    inputs, outputs = component.get("inputDefinitions") or {}, component.get("outputDefinitions") or {}
    values = [*(inputs.get("parameters") or {}).values(), *(outputs.get("parameters") or {}).values()]
    files = [*(inputs.get("artifacts") or {}).values(), *(outputs.get("artifacts") or {}).values()]
    own = without_keys(component)["inputDefinitions"]
    optional = any(one.get("isOptional") for one in [*(own.get("parameters") or {}).values(), *files])
    listed = any(one.get("isArtifactList") for one in files)
    return not optional and not listed and all(parameter_type(one) == "STRING" for one in values)
