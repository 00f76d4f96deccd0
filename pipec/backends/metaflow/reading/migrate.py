"""One flow -> the functions and the pipeline that it becomes."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pipec.backends.metaflow.reading.emission import Emission, result
from pipec.backends.metaflow.reading.flows import Flow, Member
from pipec.backends.metaflow.reading.functions import BUILTINS, Functions
from pipec.backends.metaflow.reading.keeping import bound_at_top
from pipec.backends.metaflow.reading.model import Body, Item, Known, Loop, Place, Value, use
from pipec.backends.metaflow.reading.naming import Naming
from pipec.backends.metaflow.reading.ordering import Ordering
from pipec.backends.metaflow.reading.parameters import Parameter, read_parameters
from pipec.backends.metaflow.reading.regions import Regions
from pipec.backends.metaflow.reading.settings import StepSettings, pipeline_name, read_flow, read_step
from pipec.backends.metaflow.reading.steps import Infos
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, snake
from pipec.backends.metaflow.reading.wiring import Env, Wiring, results
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate, ChangedMeaning
from pipec.compiler.pysource import rename_free
from pipec.compiler.reading import (
    Definition,
    Item as ModuleItem,
    Line,
    PipelineFunction,
    PipelineRead,
    StepFunction,
    TaskRead,
)
from pipec.compiler.reading.module import AUTHORING

LAST = Place(10**9)
RESERVED = BUILTINS | {*AUTHORING, "deepcopy", "partial", "SimpleNamespace"}


@dataclass
class Taken:
    """The names that the module has given away: name -> the text that stands for it."""

    texts: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    """Names of what is kept as it was."""

    def fresh(self, *wished: str) -> str:
        """The first of `wished` that is free, or one like the last."""
        for name in (*wished, *(f"{wished[-1]}_{n}" for n in range(2, 1000))):
            if name not in self.fixed and name not in self.texts and name not in RESERVED:
                self.texts[name] = ""
                return name
        raise AssertionError(wished)


@dataclass
class Migrated:
    """What one flow has become."""

    items: list[ModuleItem]
    imports: set[str]
    read: PipelineRead


class Migration:
    """The work on one flow."""

    def __init__(self, flow: Flow, taken: Taken, report: Report) -> None:
        self.flow = flow
        self.taken = taken
        self.report = report
        self.remarks: list[str] = []

    def run(self) -> Migrated:
        """All of it; raises `Refused`."""
        flow, report = self.flow, self.report
        self._check()
        settings = {name: read_step(flow, member, report) for name, member in flow.steps.items()}
        parameters = read_parameters(flow, flow.name, report)
        flow_settings = read_flow(flow, report)
        infos = Infos(flow)
        block = Regions(flow).build()
        catches = {name: one.catch for name, one in settings.items() if one.catch is not None}
        wiring = Wiring(flow, infos, catches)
        known: Env = {p.attribute: Known(p.attribute, Place(0), source=p.name) for p in parameters}
        body, env = wiring.run(block, known)
        ends = results(env, known)
        for value in ends.values():
            use(value, LAST)
        Ordering().order(body)
        function, names, constants = self._names(wiring)
        functions = Functions(
            flow, wiring, names, constants, {p.name: p.kind for p in parameters}, self._copies(wiring, body)
        )
        reserved = frozenset({*names.values(), *constants.values(), *(p.name for p in parameters), *RESERVED})
        Naming(reserved).name(body)
        items = [*self._constants(constants), *self._helpers(functions), *self._steps(functions, settings)]
        error = next(
            n for n in ("error", "failure", "caught_error") if n not in reserved and n not in _variables(wiring)
        )
        emission = Emission(names, {step: functions.outputs(step) for step in wiring.calls}, error)
        statements = emission.block(body)
        if ends:
            statements = (*statements, Line(result(ends, LAST)))
        doc = self._doc(parameters)
        made = PipelineFunction(
            function, tuple(p.text for p in parameters), "", doc, statements, flow_settings.settings,
            tuple(flow_settings.remarks),
        )  # fmt: skip
        read = self._read(function, wiring, settings, functions)
        return Migrated([*items, made], functions.imports, read)

    def _check(self) -> None:
        flow = self.flow
        for member in flow.others:
            what = f"`{ast.unparse(member.node).splitlines()[0][:60]}` in the class `{flow.name}`"
            reason = "a flow is read as steps, parameters, constants and methods"
            span = member.file.source.span(member.node)
            raise Refused(CannotMigrate(span, TARGET, what, reason, "move it out of the class"))
        for base in flow.foreign:
            what = f"the class `{ast.unparse(base)}`, which `{flow.name}` extends,"
            reason = "its source is not beside the file or below the project's root"
            raise Refused(CannotMigrate(flow.file.source.span(base), TARGET, what, reason))

    def _names(self, wiring: Wiring) -> tuple[str, dict[str, str], dict[str, str]]:
        """The names of the pipeline, of the functions of steps and helpers, and of constants."""
        flow = self.flow
        name = pipeline_name(flow.name)
        steps = {*flow.steps, *flow.helpers}
        function = self.taken.fresh(*([name] if name not in steps else []), snake(flow.name), f"{name}_pipeline")
        names = {}
        for step in wiring.calls:
            names[step] = self.taken.fresh(step, f"{step}_step", f"{name}_{step}")
        for helper in flow.helpers:
            names[helper] = self.taken.fresh(helper, f"{name}_{helper}".replace("__", "_"))
        constants = {}
        for one in flow.constants:
            constants[one] = self.taken.fresh(one, f"{name}_{one}".upper() if one.isupper() else f"{name}_{one}")
        return function, names, constants

    def _constants(self, names: dict[str, str]) -> Iterator[ModuleItem]:
        group: list[str] = []
        for name, member in self.flow.constants.items():
            text = segment(member)
            renamed = {old: new for old, new in names.items() if old != new}
            if renamed:
                text = rename_free(text, renamed)
                if names[name] != name:
                    text = text.replace(name, names[name], 1) if names[name] not in text else text
            group.append(text)
        if group:
            yield Definition("\n".join(group))

    def _helpers(self, functions: Functions) -> Iterator[ModuleItem]:
        for info in functions.wiring.infos.helpers.values():
            if info.takes_flow or any("partial(" in "" for _ in ()):
                pass
            yield Definition(functions.helper_text(info))

    def _steps(self, functions: Functions, settings: dict[str, StepSettings]) -> Iterator[ModuleItem]:
        for step, calls in sorted(functions.wiring.calls.items(), key=lambda pair: pair[1][0].place.at):
            text = functions.step_text(step)
            if "partial(" in text:
                functions.imports.add("from functools import partial")
            own = settings[step]
            if (node := functions.kept_current.get(step)) is not None:
                member = self.flow.steps[step]
                difference = f"`{ast.unparse(node)}` is known inside of a run of Metaflow only"
                finding = ChangedMeaning(member.file.source.span(node), TARGET, step, difference)
                self.report.add(finding)
                own.notes.append(difference)
                own.remarks.append(f"{finding.code}: {finding.message}")
            yield StepFunction(text, own.settings, tuple(own.remarks))

    def _copies(self, wiring: Wiring, body: Body) -> frozenset[tuple[str, str]]:
        """What a step changes in place although something else needs it as it was."""
        found: set[tuple[str, str]] = set()
        for (step, artifact), several in wiring.shared.items():
            info = wiring.infos.steps[step]
            if artifact not in info.usage.changed:
                continue
            for value, place in several:
                in_loop = any(loop not in value.place.loops for loop in place.loops)
                later = any(other.at != place.at for other in value.uses)
                if isinstance(value, Item) and isinstance(value.loop, Loop):
                    later = True
                if isinstance(value, Known) or in_loop or later:
                    found.add((step, artifact))
        return frozenset(found)

    def _doc(self, parameters: list[Parameter]) -> str:
        text = ast.get_docstring(self.flow.node) or ""
        helps = [f"    {p.name}: {p.help}" for p in parameters if p.help]
        if helps:
            text = "\n".join([*([text, ""] if text else []), "Args:", *helps])
        return text

    def _read(
        self, function: str, wiring: Wiring, settings: dict[str, StepSettings], functions: Functions
    ) -> PipelineRead:
        tasks = []
        for name, member in self.flow.steps.items():
            own = settings[name]
            notes = [*own.notes, *own.remarks, *dict.fromkeys(wiring.notes.get(name, []))]
            if any(step == name for step, _ in functions.copies):
                notes.append("it works on a copy of what it changes in place, as in Metaflow")
            for note in dict.fromkeys([*wiring.notes.get(name, []), *notes[len(own.notes) + len(own.remarks) :]]):
                self.report.add(Adapted(member.file.source.span(member.function), name, note))
            status = "adapted" if notes else "exact"
            span = member.file.source.span(member.function)
            tasks.append(
                TaskRead(
                    name,
                    status,
                    replace(span, end_line=span.line, end_column=span.column) if False else span,
                    tuple(dict.fromkeys(notes)),
                )
            )
        covered, total = self._lines(settings)
        return PipelineRead(self.flow.name, function, tuple(tasks), covered, total)

    def _lines(self, settings: dict[str, StepSettings]) -> tuple[int, int]:
        """Lines of the class that have found their place, and all that mean something."""
        node = self.flow.node
        source = self.flow.file.source
        lines = {n for n in range(node.lineno, (node.end_lineno or 0) + 1) if _means(source.lines[n - 1])}
        lost = {
            n
            for found in self.report.findings
            if found.code in ("PC505", "PC507") and found.span.file == source.file
            for n in range(found.span.line, found.span.end_line + 1)
        }
        return len(lines - lost), len(lines)


def _means(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


def _variables(wiring: Wiring) -> set[str]:
    return {v.variable for calls in wiring.calls.values() for c in calls for v in c.outputs.values()}


def segment(member: Member) -> str:
    """The text of a member at indentation 0, with the comments above it."""
    lines = member.file.source.lines
    first = member.node.lineno
    while lines[first - 2].strip().startswith("#"):
        first -= 1
    return textwrap.dedent("\n".join(lines[first - 1 : member.node.end_lineno]))


def module_names(flow: Flow) -> set[str]:
    """The names that the flow's module binds."""
    return bound_at_top(flow.file.tree)


def values_of(body: Body) -> list[Value]:
    """Only for tests."""
    return [] if not body else []
