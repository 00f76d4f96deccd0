"""Native steps: what only Kubeflow can run, in the words of its SDK."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipec.backends.kfp.reading import natives
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.natives import Words
from pipec.backends.kfp.reading.own.calls import Giving, Placed, StepNames, argument, called, settings_in, step_of
from pipec.backends.kfp.reading.own.containers import version_of, without_keys
from pipec.backends.kfp.reading.own.glue import Made
from pipec.backends.kfp.reading.own.levels import is_cached
from pipec.backends.kfp.reading.own.symbols import Form, Symbols, Value
from pipec.backends.kfp.reading.own.tree import Assign
from pipec.backends.kfp.reading.values import RefusedError
from pipec.backends.kfp.sdk import claim_of
from pipec.compiler.reading import Asked, NativeStep
from pipec.ir import Cache, TaskPolicy

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.own.steps import Steps


@dataclass
class Known:
    """One native step."""

    words: Words
    calls: list[Asked] = field(default_factory=list)


class Natives:
    """The native steps of one document."""

    def __init__(self, documents: Documents, symbols: Symbols, names: StepNames) -> None:
        self.documents, self.symbols, self.names = documents, symbols, names
        self.known: dict[str, Known] = {}
        self.paths: dict[Path, Placed] = {}
        self.filled: dict[Path, str] = {}
        """Task that takes a text which the server fills in -> the step that gives it."""

    def task(
        self,
        name: str,
        path: Path,
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        bound: Mapping[str, Value],
    ) -> Made:
        """A task of such a step."""
        label = component["executorLabel"]
        words = self._words(self.documents.spec["deploymentSpec"]["executors"][label], component, task)
        if words.refused or words.changes or words.notes:
            reason = words.refused or (*words.changes, *words.notes)[0]
            raise RefusedError(f"`{name}` is not a native step as pipec writes them: {reason}")
        step = self._step(step_of(task["componentRef"]["name"]), words)
        given = {one: bound[key] for key, one in words.parameters.items() if key in bound}
        self.paths[path] = Placed(step, task, label, _constants(given))
        arguments: list[str] = []
        for one, value in given.items():
            self.symbols.hint(value.source, one)
            arguments.append(f"{one}={argument(self.symbols, value, name)}")
        call = called(name, step, arguments, task, self.symbols, [output.name for output in words.outputs])
        made = Made([call])
        for output, symbol in zip(words.outputs, call.targets.values()):
            forms: dict[str, Form] = {"": "file", "STRING": "raw", "NUMBER_DOUBLE": "double"}
            made.outputs[output.name] = Value(forms.get(output.kind, "text"), symbol)
        return made

    def placeholder(self, text: str, path: Path) -> Assign:
        """What gives a text that the server fills in, for which there is no task; `path`: of one that takes it."""
        name = text.strip("{}$.")
        words = natives.placeholder(name)
        if words is None:
            raise RefusedError(f"the placeholder `{text}` is not known")
        step = self._step(name, words)
        self.known[step].calls.append(Asked(TaskPolicy(), {}))
        self.filled.setdefault(path, step)
        symbol = self.symbols.new()
        self.symbols.fallback[symbol] = name
        return Assign(text, symbol=symbol, source=f"{step}()")

    def _words(self, executor: Mapping[str, Any], component: Mapping[str, Any], task: Mapping[str, Any]) -> Words:
        if "importer" in executor:
            return natives.importer(executor["importer"] or {}, component)
        container = executor.get("container") or {}
        if claim_of(container.get("image")):
            return natives.claim(container["image"], task)
        return natives.component(container, without_keys(component))

    def _step(self, wanted: str, words: Words) -> str:
        name = self.names.of(wanted, self.known, lambda other: other.words == words)
        self.known.setdefault(name, Known(words))
        return name

    def giver(self, path: Path) -> Giving | None:
        """The step of the task at `path`, and which of its outputs are plain text."""
        if path not in self.paths:
            return None
        name = self.paths[path].step
        return Giving(name, frozenset(o.name for o in self.known[name].words.outputs if o.kind == "STRING"))

    def items(self, steps: Steps) -> list[NativeStep]:
        """Their definitions."""
        for path, placed in self.paths.items():
            known = self.known[placed.step]
            known.calls.append(Asked(self._policy(steps, path, placed, known.words), placed.constants))
        return [self._item(name, known) for name, known in self.known.items()]

    def _policy(self, steps: Steps, path: Path, placed: Placed, words: Words) -> TaskPolicy:
        if words.what != "dsl.ContainerSpec":  # the server does it itself, in no pod that could have settings
            return TaskPolicy(cache=Cache() if is_cached(placed.task) else None)
        _, policy, lost = steps.policy(path, placed.task, placed.label, version_of(placed.task))
        if lost:
            raise RefusedError(f"the settings of the native step `{placed.step}` are not known")
        return policy

    def _item(self, name: str, known: Known) -> NativeStep:
        settings = settings_in(known.calls, f"the native step `{name}`")
        words, outputs = known.words, {o.name: o.annotation for o in known.words.outputs}
        return NativeStep(name, "kfp", words.source, words.imports, (), words.inputs, outputs, settings)

    def annotations(self) -> list[str]:
        """Those of all inputs and outputs."""
        found = [known.words for known in self.known.values()]
        return [text for words in found for text in (*words.inputs.values(), *(o.annotation for o in words.outputs))]


def _constants(given: Mapping[str, Value]) -> dict[str, Any]:
    texts = {name: value.source for name, value in given.items() if value.form == "constant"}
    return texts | {name: ast.literal_eval(v.source) for name, v in given.items() if v.form == "literal"}
