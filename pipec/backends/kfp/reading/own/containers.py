"""Container steps: commands of the user's own images, as `container(...)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading.commands import Command
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.own.calls import Giving, Placed, StepNames, argument, called, settings_in, step_of
from pipec.backends.kfp.reading.own.glue import Made
from pipec.backends.kfp.reading.own.symbols import Symbols, Value
from pipec.backends.kfp.reading.values import RefusedError
from pipec.backends.kfp.windows import INPUT, VERSION
from pipec.compiler.reading import Asked, ContainerStep

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.own.steps import Steps

ANY = "str | int | float | bool | list | dict"
"""What a container is given as text, where the document does not say which type it has."""
JSON = "int | float | bool | list | dict"
"""What a container writes as JSON."""


def without_keys(component: Mapping[str, Any]) -> Mapping[str, Any]:
    """The component without the inputs that are there for the cache alone."""
    inputs = component.get("inputDefinitions") or {}
    own = inputs.get("parameters") or {}
    parameters = {name: spec for name, spec in own.items() if name not in (INPUT, VERSION)}
    return {**component, "inputDefinitions": {**inputs, "parameters": parameters}}


def version_of(task: Mapping[str, Any]) -> str:
    """The version of a task's cache, which an input holds that is there for nothing else."""
    source = ((task.get("inputs") or {}).get("parameters") or {}).get(VERSION) or {}
    return str((source.get("runtimeValue") or {}).get("constant") or "")


@dataclass
class Known:
    """One container step."""

    image: str
    command: Command
    taken: dict[str, set[str]] = field(default_factory=dict)
    """Input -> the forms in which it comes."""
    given: dict[str, list[str]] = field(default_factory=dict)
    """Output -> its symbols, one for each call."""
    calls: list[Asked] = field(default_factory=list)


class Containers:
    """The container steps of one document."""

    def __init__(self, documents: Documents, symbols: Symbols, names: StepNames) -> None:
        self.documents, self.symbols, self.names = documents, symbols, names
        self.known: dict[str, Known] = {}
        self.paths: dict[Path, Placed] = {}

    def task(
        self,
        name: str,
        path: Path,
        task: Mapping[str, Any],
        label: str,
        read: Command,
        bound: Mapping[str, Value],
    ) -> Made:
        """A task of such a container."""
        container = self.documents.spec["deploymentSpec"]["executors"][label]["container"]
        step = self._step(task["componentRef"]["name"], container["image"], read)
        known = self.known[step]
        if missing := read.inputs.keys() - bound.keys():
            raise RefusedError(f"the container of `{name}` gets nothing for its input `{min(missing)}`")
        fixed = {port: bound[port].source for port in read.inputs if bound[port].form == "constant"}
        self.paths[path] = Placed(step, task, label, fixed)
        arguments = []
        for port in read.inputs:
            value = bound[port]
            source = argument(self.symbols, value, name)
            known.taken.setdefault(port, set()).add(value.form)
            self.symbols.hint(value.source, port)
            arguments.append(f"{port}={source}")
        call = called(name, step, arguments, task, self.symbols, [*read.outputs])
        made = Made([call])
        for key, symbol in zip(read.outputs, call.targets.values()):
            known.given.setdefault(key, []).append(symbol)
            made.outputs[key] = Value("file" if read.outputs[key].artifact else "written", symbol)
        return made

    def _step(self, reference: str, image: str, read: Command) -> str:
        """The name of the step, which all its components share."""

        def same(other: Known) -> bool:
            return (other.image, other.command.command, other.command.args) == (image, read.command, read.args)

        name = self.names.of(step_of(reference), self.known, same)
        self.known.setdefault(name, Known(image, read))
        return name

    def giver(self, path: Path) -> Giving | None:
        """The step of the task at `path`, and which of its outputs can be plain text: those that are not files."""
        if path not in self.paths:
            return None
        name = self.paths[path].step
        outputs = self.known[name].command.outputs
        return Giving(name, frozenset(key for key, output in outputs.items() if not output.artifact))

    def items(self, steps: Steps) -> list[ContainerStep]:
        """Their definitions."""
        for path, placed in self.paths.items():
            _, policy, lost = steps.policy(path, placed.task, placed.label, version_of(placed.task))
            if lost:
                raise RefusedError(f"the settings of the container `{placed.step}` are not known")
            self.known[placed.step].calls.append(Asked(policy, placed.constants))
        return [
            ContainerStep(
                name,
                known.image,
                known.command.command,
                known.command.args,
                {port: self._input(known, port) for port in known.command.inputs},
                {key: self._output(known, key) for key in known.command.outputs},
                settings_in(known.calls, f"the container `{name}`"),
            )
            for name, known in self.known.items()
        ]

    def annotations(self) -> list[str]:
        """Those of all inputs and outputs."""
        inputs = [self._input(known, port) for known in self.known.values() for port in known.command.inputs]
        return inputs + [self._output(known, key) for known in self.known.values() for key in known.command.outputs]

    def _input(self, known: Known, port: str) -> str:
        forms = known.taken.get(port, set())
        if forms & {"artifact", "file"}:
            return known.command.inputs[port]
        if forms == {"text"}:
            return "int"
        return "str" if forms <= {"raw", "constant", "written"} else ANY

    def _output(self, known: Known, key: str) -> str:
        output = known.command.outputs[key]
        if output.artifact:
            return output.annotation
        forms = {self.symbols.reading.get(symbol, "") for symbol in known.given[key]} - {""}
        if len(forms) > 1:
            raise RefusedError(f"the output `{key}` of a container is read as text and as JSON")
        return "str" if forms == {"raw"} else JSON
