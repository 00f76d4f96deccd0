"""A compiled pipeline -> a plain Python pipeline module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipec.backends.kfp.reading.blocks import Blocks
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.made import Notes
from pipec.backends.kfp.reading.names import Names, identifier
from pipec.backends.kfp.reading.of_pipeline import pipeline_settings
from pipec.backends.kfp.reading.ports import Output, parameter_type, role, schema
from pipec.backends.kfp.reading.programs import Program
from pipec.backends.kfp.reading.steps import Plan, Steps, type_name
from pipec.backends.kfp.reading.validate import dags, selectors
from pipec.backends.kfp.reading.values import RefusedError, Scope, Value, literal
from pipec.backends.kfp.scope import kfp_name
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import (
    Adapted,
    CannotMigrate,
    ChangedMeaning,
    KeptNative,
    SettingNotKept,
)
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import (
    Definition,
    Item,
    Line,
    Module,
    Outcome,
    PipelineFunction,
    PipelineRead,
    Remark,
    Source,
    Statement,
    TaskRead,
    TaskStatus,
)
from pipec.compiler.reading.settings import pipeline_settings_of
from pipec.ir import PipelinePolicy

TARGET = "kfp"


def translate(documents: Documents, source: Source, report: Report) -> Outcome:
    """The module that means the same as `documents`, which a server would take.

    What is adapted or lost goes into `report`; where something decides what the pipeline does and cannot be said, there
    is no module, and `CannotMigrate` says why.
    """
    return _Translation(documents, source, report).outcome()


@dataclass
class _Interface:
    """A pipeline function's parameters and results."""

    parameters: dict[str, str]
    """Input of the component -> parameter."""
    signature: tuple[str, ...]
    outputs: tuple[Output, ...]


class _Translation:
    def __init__(self, documents: Documents, source: Source, report: Report) -> None:
        self.documents, self.source, self.report = documents, source, report
        self.names = Names()
        self.blocks_of: dict[str, Plan] = {}
        self.functions: list[PipelineFunction] = []
        self._reserve()
        self.steps = Steps(documents, self.names)
        self.blocks = Blocks(documents, self.names, self.steps, self.pipeline)
        self.changes: list[tuple[Path, str]] = []

    def _reserve(self) -> None:
        """Parameters of pipelines keep their names: no step has one of them."""
        for dag in dags(self.documents):
            for kind in ("parameters", "artifacts"):
                names = (dag.component.get("inputDefinitions") or {}).get(kind) or {}
                self.names.locals |= {identifier(n) for n in names if not n.startswith("pipelinechannel--")}

    def outcome(self) -> Outcome:
        """The module, and what the report says of it."""
        name = str(self.documents.spec["pipelineInfo"]["name"])
        function = self.documents.names.get(("root",)) or identifier(name.replace("-", "_"))
        programs = {p.name for p in self.steps.programs.values() if isinstance(p, Program)}
        function = self.names.top(f"{function}_pipeline" if function in programs else function)
        root = self.documents.spec["root"]
        try:
            made = self.function(function, root, ("root",), True)
        except RefusedError as error:
            place = self.documents.place("pipelineInfo", "name")
            self.report.add(CannotMigrate(self._found(str(error)) or place, TARGET, f"pipeline `{name}`", str(error)))
            return Outcome(None)
        tasks = self._told()
        self.functions.append(made)
        helpers = self.steps.definitions_of_helpers()
        items: list[Item] = [*(Definition(text) for text in self.documents.definitions), *helpers]
        items += [*self.steps.items, *self.functions]
        module = Module(tuple(items), tuple(self.steps.imports), f'Migrated from the compiled pipeline "{name}".')
        read = PipelineRead(name, function, tuple(tasks), *self._covered())
        return Outcome(module, (read,))

    def _found(self, reason: str) -> Any:
        """Where the task stands that a reason names."""
        quoted = re.search(r"`([^`]+)`", reason)
        if quoted is None:
            return None
        for dag in dags(self.documents):
            path = (*dag.path, "dag", "tasks", quoted[1])
            if quoted[1] in dag.tasks and path in self.documents.places:
                return self.documents.places[path]
        return None

    # pipeline functions

    def pipeline(self, reference: str) -> Plan:
        """The function of a component that is made of tasks."""
        if reference not in self.blocks_of:
            component = self.documents.spec["components"][reference]
            given = self.documents.names.get(("components", reference))
            name = self.names.top(given or identifier(reference.removeprefix("comp-").replace("-", "_")))
            made = self.function(name, component, ("components", reference), False)
            interface = self.interface(component, set())
            # each use of a pipeline is compiled to a component of its own
            same = next((one for one in self.functions if replace(one, name=made.name) == made), made)
            self.functions += [made] if same is made else []
            self.blocks_of[reference] = Plan(same.name, interface.parameters, interface.outputs)
        return self.blocks_of[reference]

    def interface(self, component: Mapping[str, Any], own: set[str]) -> _Interface:
        """Parameters and results of a pipeline function."""
        inputs, outputs = component.get("inputDefinitions") or {}, component.get("outputDefinitions") or {}
        names: dict[str, str] = {}
        required: list[str] = []
        optional: list[str] = []
        for key, spec in (inputs.get("artifacts") or {}).items():
            names[key] = self._parameter(key, own)
            kind = role(spec)
            self._need_path(kind)
            one = f"{names[key]}: {kind}"
            (optional if spec.get("isOptional") else required).append(
                f"{one} | None = None" if spec.get("isOptional") else one
            )
        for key, spec in (inputs.get("parameters") or {}).items():
            names[key] = self._parameter(key, own)
            annotation = self._annotation(spec)
            if spec.get("defaultValue") is not None:
                optional.append(f"{names[key]}: {annotation} = {literal(spec['defaultValue'], parameter_type(spec))}")
            elif spec.get("isOptional"):
                optional.append(f"{names[key]}: {annotation} | None = None")
            else:
                required.append(f"{names[key]}: {annotation}")
        results = [
            Output(key, parameter_type(spec), annotation=type_name(parameter_type(spec)))
            for key, spec in (outputs.get("parameters") or {}).items()
        ]
        for key, spec in (outputs.get("artifacts") or {}).items():
            self._need_path(role(spec))
            results.append(Output(key, "", schema(spec), annotation=role(spec)))
        return _Interface(names, (*required, *optional), tuple(results))

    def _annotation(self, spec: Mapping[str, Any]) -> str:
        """The type of a pipeline's parameter."""
        kind = parameter_type(spec)
        values = spec.get("literals") or ()
        if not values or any(isinstance(value, (list, Mapping)) for value in values):
            return type_name(kind)
        self.steps.imports["from typing import Literal"] = None
        return f"Literal[{', '.join(literal(value, kind) for value in values)}]"

    def _need_path(self, annotation: str) -> None:
        if "Path" in annotation:
            self.steps.imports["from pathlib import Path"] = None

    def _parameter(self, key: str, own: set[str]) -> str:
        return self.names.local(identifier(key.replace("pipelinechannel--", "")), own)

    def function(self, name: str, component: Mapping[str, Any], path: Path, is_root: bool) -> PipelineFunction:
        """A DAG as a pipeline function."""
        own: set[str] = set()
        interface = self.interface(component, own)
        scope = Scope(own=own, placeholder=self.steps.placeholder)
        inputs = component.get("inputDefinitions") or {}
        for key, spec in (inputs.get("parameters") or {}).items():
            unset = bool(spec.get("isOptional")) and spec.get("defaultValue") is None
            scope.parameters[key] = Value(interface.parameters[key], parameter_type(spec), optional=unset)
        for key in inputs.get("artifacts") or {}:
            scope.artifacts[key] = Value(interface.parameters[key])
        remarks = self._artifacts_of_run(name, inputs.get("artifacts") or {}) if is_root else []
        made = self.blocks.dag(component, path, scope, {})
        results = self.results(component, scope, interface.outputs)
        body: list[Statement] = [*remarks, *made.statements]
        returns = ""
        if results:
            returns, text = self._returned(interface.outputs, results)
            body.append(Line(f"return {text}"))
        body = _with_remarks(body, self._remarks(path))
        settings, doc = self._settings(name, component, is_root)
        return PipelineFunction(name, interface.signature, returns, doc, tuple(body), settings)

    def _artifacts_of_run(self, name: str, artifacts: Mapping[str, Any]) -> list[Remark]:
        """Tell of artifacts that a run itself would be given: it has none in Kubeflow's `RuntimeConfig`."""
        told: list[Remark] = []
        for key in artifacts:
            place = self.documents.place("root", "inputDefinitions", "artifacts", key)
            difference = (
                f"its input `{key}` is an artifact, which on Kubeflow only a pipeline that calls it can give; "
                "here a run of it alone gives the text of a path"
            )
            self.report.add(ChangedMeaning(place, TARGET, name, difference))
            told.append(Remark(f"PC507: {difference}"))
        return told

    def results(self, component: Mapping[str, Any], scope: Scope, outputs: tuple[Output, ...]) -> list[Value | None]:
        """What a DAG hands out."""
        found: dict[str, Value] = {}
        for _, key, selector in selectors(component["dag"].get("outputs") or {}):
            of = selector.get("outputParameterKey") or selector.get("outputArtifactKey") or ""
            value = scope.outputs.get((selector.get("producerSubtask") or "", of))
            if value is not None:
                found.setdefault(key, value)
        missing = [output.name for output in outputs if output.name not in found]
        if missing:
            raise RefusedError(f"the output `{missing[0]}` of a DAG is not given by any task")
        return [found[output.name] for output in outputs] if found else []

    def _returned(self, outputs: tuple[Output, ...], values: list[Value | None]) -> tuple[str, str]:
        sources = [value.source if value else "None" for value in values]
        optional = [o.annotation for o in outputs]
        if len(sources) == 1:
            return optional[0], sources[0]
        return f"tuple[{', '.join(optional)}]", ", ".join(sources)

    def _settings(self, name: str, component: Mapping[str, Any], is_root: bool) -> tuple[dict[str, str], str]:
        """The settings and the docstring of a pipeline function."""
        if not is_root:
            return {}, ""
        spec = self.documents.spec
        info = spec["pipelineInfo"]
        timeout, native = pipeline_settings(self.documents, lambda path, key, why: self._lose(path, name, key, why))
        shown = str(info.get("displayName") or info["name"])
        if kfp_name(shown, 128) != info["name"]:
            native["displayName"], shown = shown, str(info["name"])
        settings = {"name": python(shown)} if shown != name else {}
        policy = PipelinePolicy(timeout=timeout, extensions={TARGET: native} if native else {})
        return {**settings, **pipeline_settings_of(policy)}, self._doc(component)

    def _doc(self, component: Mapping[str, Any]) -> str:
        """What the document says about the pipeline's parameters."""
        inputs = (component.get("inputDefinitions") or {}).get("parameters") or {}
        lines = [f"{name}: {spec['description']}" for name, spec in inputs.items() if spec.get("description")]
        described = str(self.documents.spec["pipelineInfo"].get("description") or "").strip()
        if not lines:
            return described
        return "\n".join([described or "The pipeline.", "", "Args:", *(f"    {line}" for line in lines)])

    def _lose(self, path: Path, task: str, setting: str, reason: str) -> None:
        self.report.add(SettingNotKept(self.documents.place(*path), TARGET, task, setting, reason))

    # what the report says

    def _remarks(self, path: Path) -> dict[str, list[str]]:
        return {}

    def _told(self) -> list[TaskRead]:
        """Tell what was adapted or lost, task by task; the tasks that were read."""
        found: list[TaskRead] = []
        for path, notes in self.blocks.notes.items():
            name = path[-1]
            span = self.documents.place(*path)
            self._tell(path, name, notes)
            if (filled := self.steps.filled_in.get(name)) is not None:
                self.report.add(KeptNative(span, TARGET, filled.name, filled.kept))
                notes.adapted.append(f"`{filled.kept}` is a native step")
            kept = [f"kept as `{what}`, a task that only Kubeflow can run" for what in dict.fromkeys(notes.kept)]
            said = [*dict.fromkeys([*notes.adapted, *notes.changed]), *(f"{s} is not kept" for _, s, _ in notes.lost)]
            status: TaskStatus = "opaque" if kept else "adapted" if said else "exact"
            found.append(TaskRead(name, status, span, (*kept, *said)))
        return found

    def _tell(self, path: Path, name: str, notes: Notes) -> None:
        span = self.documents.place(*path)
        for what in dict.fromkeys(notes.kept):
            self.report.add(KeptNative(span, TARGET, name, what))
        for how in dict.fromkeys(notes.adapted):
            self.report.add(Adapted(span, name, how))
        for difference in dict.fromkeys(notes.changed):
            self.report.add(ChangedMeaning(span, TARGET, name, difference))
        for at, setting, reason in dict.fromkeys(notes.lost):
            self.report.add(SettingNotKept(self.documents.place(*at), TARGET, name, setting, reason))

    def _covered(self) -> tuple[int, int]:
        """Entries of the document that have found their place, and how many there are."""
        total = len(self.documents.places)
        lost = sum(len(notes.lost) for notes in self.blocks.notes.values())
        return max(total - lost, 0), total


def _with_remarks(body: list[Statement], remarks: Mapping[str, list[str]]) -> list[Statement]:
    found: list[Statement] = []
    for statement in body:
        found += [Remark(text) for text in remarks.get(getattr(statement, "source", ""), ())]
        found.append(statement)
    return found
