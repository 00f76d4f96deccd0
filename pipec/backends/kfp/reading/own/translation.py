"""One document -> one module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.names import identifier
from pipec.backends.kfp.reading.of_pipeline import pipeline_settings
from pipec.backends.kfp.reading.own.beside import Recurring
from pipec.backends.kfp.reading.own.calls import StepNames
from pipec.backends.kfp.reading.own.definitions import Definitions
from pipec.backends.kfp.reading.own.endings import body_of
from pipec.backends.kfp.reading.own.foreign import ForeignSteps
from pipec.backends.kfp.reading.own.handling import Handling
from pipec.backends.kfp.reading.own.inlining import inline
from pipec.backends.kfp.reading.own.naming import names
from pipec.backends.kfp.reading.own.order import Order
from pipec.backends.kfp.reading.own.parameters import Parameter, parameters_of
from pipec.backends.kfp.reading.own.printing import Printer
from pipec.backends.kfp.reading.own.programs import Program, Programs
from pipec.backends.kfp.reading.own.results import shape
from pipec.backends.kfp.reading.own.scopes import Scopes
from pipec.backends.kfp.reading.own.steps import Steps
from pipec.backends.kfp.reading.own.symbols import Symbols, Value
from pipec.backends.kfp.reading.own.tree import Call, Group, Part, sources, walk
from pipec.compiler.backend import lifecycle
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import KeptNative, SettingNotKept
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import (
    Item,
    Line,
    Module,
    Nested,
    Outcome,
    PipelineFunction,
    PipelineRead,
    Source,
    Statement,
    TaskRead,
)
from pipec.compiler.reading.settings import pipeline_settings_of
from pipec.ir import PipelinePolicy

TARGET = "kfp"


class Translation:
    """The state of one translation."""

    def __init__(self, documents: Documents, source: Source, report: Report) -> None:
        self.documents, self.source, self.report = documents, source, report
        self.symbols = Symbols.without(source.text)
        programs = Programs(documents.spec["deploymentSpec"]["executors"])
        self.foreign = ForeignSteps(documents, self.symbols, StepNames(programs, self._name()))
        self.scopes = Scopes(documents, self.symbols, programs, self.foreign)
        self.functions: dict[str, PipelineFunction] = {}
        self.hooks: dict[str, str] = {}

    def outcome(self) -> Outcome:
        """The module, and what the report says of it."""
        root = self.documents.spec["root"]
        parameters = parameters_of(root, self.source)
        inputs: dict[str, Value] = {}
        fixed: dict[str, str] = {}
        for parameter in parameters:
            symbol = self.symbols.new(parameter.name)
            fixed[symbol] = parameter.name
            inputs[parameter.name] = Value("raw" if parameter.is_raw else "text", symbol)
        body = body_of(root, inputs, self.scopes)
        self.hooks = body.hooks
        scope = self.scopes.dag(body.component, body.scope)
        handed = self.scopes.handed_out(body.component, scope)
        nodes = [*self.scopes.filled.values(), *scope.nodes]
        part = Part(self._name(), list(fixed), nodes, [value.source for value in handed.values()])
        for value in handed.values():
            if value.form == "written":
                self.symbols.read_as(value.source, "text", "the pipeline")
        self._prune(part)
        definitions = Definitions(self._programs())
        steps = self._steps(part, definitions)
        taken = definitions.names | self.foreign.names
        functions = self._pipelines(part, fixed, parameters, taken)
        items: list[Item] = [*steps.items(definitions), *self.foreign.items(steps), *functions]
        imports = definitions.imports() + self.foreign.imports()
        if definitions.late():
            imports.insert(0, "from __future__ import annotations")
        info = self.documents.spec["pipelineInfo"]
        doc = str(info.get("description") or "").strip() or f"The pipeline {info['name']}."
        module = Module(tuple(items), tuple(imports), doc)
        read = PipelineRead(str(info["name"]), part.name, tuple(self._tasks(steps)))
        return Outcome(module, (read,))

    def _name(self) -> str:
        info = self.documents.spec["pipelineInfo"]
        name = identifier(str(info.get("displayName") or info["name"]).replace("-", "_"))
        match = re.match(r"# (\w+): compiled by pipec from ", self.source.text)
        return match[1] if match and match[1].isidentifier() else name

    def _prune(self, part: Part) -> None:
        """Drop results of containers and native steps that nobody reads: the call may be there for its effect."""
        parts = [part, *self.scopes.parts]
        used = {
            symbol for one in parts
            for text in (*one.results, *(t for n in walk(one.nodes) for t in sources(n)))
            for symbol in self.symbols.of(text)
        }  # fmt: skip
        for one in parts:
            for node in walk(one.nodes):
                if isinstance(node, Call) and node.function in self.foreign:
                    node.targets = {select: s for select, s in node.targets.items() if s in used}

    def _programs(self) -> list[Program]:
        return [program for program in self.scopes.programs.used.values() if program.chunks]

    def _steps(self, part: Part, definitions: Definitions) -> Steps:
        told = {path: function for path, (function, _, _) in self.scopes.told.items()}
        steps = Steps(self.documents, told, self.scopes.windows, self.foreign.giver)
        ran = {one.path[-1]: one for one in self.scopes.ran}
        for node in _calls(part):
            if node.id in ran:
                chunk = definitions.of(node.function)
                steps.add(node, ran[node.id], chunk.source if chunk is not None else "")
                shape(node, chunk, self.symbols)
        return steps

    # --- functions

    def _pipelines(
        self, part: Part, fixed: dict[str, str], parameters: list[Parameter], taken: set[str]
    ) -> list[PipelineFunction]:
        handling = Handling(self.symbols)
        handling.part(part)
        self.scopes.parts = list(_called(part))  # without those that only kept a `try` in order
        handling.finish([part, *self.scopes.parts])
        inline(part, self.symbols)
        order = Order(self.symbols.of, self.symbols.new)
        part.nodes = order.block(part.nodes)
        functions = taken | {part.name}
        bases: dict[str, str] = {}
        for inner in self.scopes.parts:
            base, number = inner.name, 1
            while inner.name in functions:
                number += 1
                inner.name = f"{base}_{number}"
            functions.add(inner.name)
            bases[inner.name] = base
        self._shared(functions, bases)
        made = [self._function(inner, {}, functions, ()) for inner in _parts(part)]
        signature = tuple(p.signature for p in parameters)
        found = self._function(part, fixed, functions, signature)
        settings, doc = self._settings(part.name)
        return [*made, PipelineFunction(found.name, signature, "", doc, found.body, settings)]

    def _function(
        self, part: Part, fixed: dict[str, str], taken: set[str], signature: tuple[str, ...]
    ) -> PipelineFunction:
        printer = Printer(part, self.symbols)
        body = printer.body()
        chosen = names(part, self.symbols, fixed, taken)
        statements = tuple(_named(statement, printer, chosen) for statement in body)
        signature = signature or tuple(chosen[symbol] for symbol in part.parameters)
        return PipelineFunction(part.name, signature, body=statements)

    def _shared(self, taken: set[str], bases: Mapping[str, str]) -> None:
        """Sub-pipelines that do the same become one."""
        known: dict[tuple[object, ...], str] = {}
        for part in self.scopes.parts:
            name = bases[part.name]
            made = self._function(Part("", part.parameters, part.nodes, part.results), {}, taken, ())
            key = (name, made.parameters, made.body)
            part.name = known.setdefault(key, part.name)

    def _settings(self, name: str) -> tuple[dict[str, str], str]:
        info = self.documents.spec["pipelineInfo"]
        timeout, native = pipeline_settings(self.documents, lambda path, key, why: self._lose(path, name, key, why))
        settings: dict[str, str] = {}
        match = re.match(r"# (\w[^\n]*?): compiled by pipec from ", self.source.text)
        shown = match[1] if match else str(info.get("displayName") or info["name"])
        if info.get("displayName") not in (None, shown):
            native["displayName"] = info["displayName"]
        if shown != name:
            settings["name"] = python(shown)
        beside, rule = Recurring(self.source), self.source.beside(lifecycle.ENDING)
        for span, setting, reason in beside.lost:
            self.report.add(SettingNotKept(span, TARGET, name, setting, reason))
        policy = PipelinePolicy(
            timeout=timeout,
            retention=lifecycle.retention_of(rule.text) if rule is not None else None,
            schedule=beside.schedule,
            max_active_runs=beside.max_active_runs,
            on_failure=self.hooks.get("on_failure"),
            on_success=self.hooks.get("on_success"),
            extensions={TARGET: native} if native else {},
        )
        return {**settings, **pipeline_settings_of(policy)}, str(info.get("description") or "")

    def _lose(self, path: Path, subject: str, setting: str, reason: str) -> None:
        self.report.add(SettingNotKept(self.documents.place(*path), TARGET, subject, setting, reason))

    def _tasks(self, steps: Steps) -> Iterator[TaskRead]:
        for function, step in steps.found.items():
            for path, setting, reason in step.lost:
                self._lose(path, function, setting, reason)
        for ran in self.scopes.ran:
            yield TaskRead(ran.path[-1], "exact", self.documents.place(*ran.path))
        for path in self.foreign.containers.paths:
            yield TaskRead(path[-1], "exact", self.documents.place(*path))
        for path, placed in self.foreign.natives.paths.items():
            word = self.foreign.natives.known[placed.step].words.what
            self.report.add(KeptNative(self.documents.place(*path), "Kubeflow", path[-1], word))
            kept = f"`{word}` is kept in Kubeflow's words"
            yield TaskRead(path[-1], "opaque", self.documents.place(*path), (kept,))
        for path, name in self.foreign.natives.filled.items():
            word = self.foreign.natives.known[name].words.what
            self.report.add(KeptNative(self.documents.place(*path), "Kubeflow", name, word))


def _calls(part: Part) -> Iterator[Call]:
    for node in walk(part.nodes):
        if isinstance(node, Call):
            yield node
        elif isinstance(node, Group):
            yield from _calls(node.part)


def _called(part: Part) -> Iterator[Part]:
    """The sub-pipelines of `part`, inner ones first, each as often as it is called."""
    for node in walk(part.nodes):
        if isinstance(node, Group):
            yield from _called(node.part)
            yield node.part


def _parts(part: Part) -> list[Part]:
    """The sub-pipelines of `part`, inner ones first, each once."""
    found: dict[str, Part] = {}
    for node in walk(part.nodes):
        if isinstance(node, Group):
            for inner in (*_parts(node.part), node.part):
                found.setdefault(inner.name, inner)
    return list(found.values())


def _named(statement: Statement, printer: Printer, chosen: Mapping[str, str]) -> Statement:
    match statement:
        case Line():
            return Line(printer.renamed(statement.source, chosen))
        case Nested():
            body = tuple(_named(inner, printer, chosen) for inner in statement.body)
            return Nested(printer.renamed(statement.header, chosen), body)
    return statement
