"""One flow -> the functions and the pipeline that it becomes."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Container, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.decorators import compute_of
from pipec.backends.metaflow.reading.emission import Emission, result, returning
from pipec.backends.metaflow.reading.flow_settings import pipeline_name, read_flow
from pipec.backends.metaflow.reading.flows import Flow, Member
from pipec.backends.metaflow.reading.functions import BUILTINS, Functions
from pipec.backends.metaflow.reading.gathering import Env
from pipec.backends.metaflow.reading.inlining import called_within, inlined, prepared
from pipec.backends.metaflow.reading.keeping import imports_from, names_used
from pipec.backends.metaflow.reading.lifting import comments_above
from pipec.backends.metaflow.reading.model import Body, Call, Item, Known, Loop, Place, use
from pipec.backends.metaflow.reading.naming import Naming, source
from pipec.backends.metaflow.reading.ordering import Ordering
from pipec.backends.metaflow.reading.parameters import Parameter, read_parameters
from pipec.backends.metaflow.reading.regions import Regions
from pipec.backends.metaflow.reading.settings import StepSettings, read_step
from pipec.backends.metaflow.reading.steps import Infos
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, snake, stored_names
from pipec.backends.metaflow.reading.wiring import Wiring, results
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate, ChangedMeaning
from pipec.compiler.pysource import rename_globals
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.reading import (
    Definition,
    Line,
    PipelineFunction,
    PipelineRead,
    StepFunction,
    TaskRead,
)
from pipec.compiler.reading import (
    Item as ModuleItem,
)
from pipec.compiler.reading.module import AUTHORING

LAST = Place(10**9)
RESERVED = BUILTINS | {*AUTHORING, "Path", "deepcopy", "partial", "SimpleNamespace"}


@dataclass
class Taken:
    """The names that the module has given away: name -> the text that stands for it."""

    texts: dict[str, str] = field(default_factory=dict)
    shared: dict[tuple[str, str, str], tuple[str, str, str]] = field(default_factory=dict)
    """What flows inherit from the same class -> its name, its text and its settings."""
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
    direct: dict[str, StepSettings] = field(default_factory=dict)
    """Functions of the module that are steps themselves."""
    files: dict[str, str] = field(default_factory=dict)
    """Path -> text, of what lies beside the module."""


class Migration:
    """The work on one flow."""

    def __init__(self, flow: Flow, taken: Taken, report: Report) -> None:
        self.flow = flow
        self.taken = taken
        self.report = report
        self.imports: set[str] = set()
        self.parameters: set[str] = set()
        self.calls: frozenset[str] = frozenset()
        """Steps that do something."""
        self.inlined: frozenset[str] = frozenset()
        """Those that can be written as statements of the pipeline."""

    def run(self) -> Migrated:
        """All of it; raises `Refused`."""
        if self.flow.file.is_ours:  # what pipec has written is told apart by trying it
            trial = Migration(self.flow, deepcopy(self.taken), Report())
            made = trial.run_with(inline=True)
            if trial.inlined == trial.calls:
                self.taken.texts, self.taken.shared = trial.taken.texts, trial.taken.shared
                self.report.extend(trial.report.findings)
                return made
        return self.run_with(inline=False)

    def run_with(self, inline: bool) -> Migrated:
        """All of it; `inline`: with the statements that pipec has written in the place of steps."""
        flow, report = self.flow, self.report
        self._check()
        compute = compute_of(flow)
        settings = {name: read_step(flow, member, compute, report) for name, member in flow.steps.items()}
        parameters = read_parameters(flow, flow.name, report)
        self.parameters = {p.name for p in parameters}
        files = [p.file for p in parameters if p.file is not None]
        self.imports |= {"from pathlib import Path"} if files else set()
        flow_settings = read_flow(flow, compute, report)
        wiring = self._wiring(settings)
        known: Env = {p.attribute: Known(p.attribute, Place(0), source=p.name) for p in parameters}
        body, env = wiring.run(Regions(flow).build(), known)
        ends = results(env, known)
        own = ours.result_of(flow.steps["end"].function) if flow.file.is_ours else None
        if own is not None:
            ends = {name: env[name] for name in [own] if name in env}
        for value in ends.values():
            use(value, LAST)
        function, names, constants = self._names(wiring)
        functions = Functions(flow, wiring, names, constants, {p.name: p.kind for p in parameters})
        ordering = Ordering(prepared(functions, settings) if inline else ())
        ordering.order(body)
        self._unordered(ordering, settings)
        functions.copies = self._copies(wiring, body)
        reserved = frozenset({function, *names.values(), *constants.values(), *(p.name for p in parameters), *RESERVED})
        Naming(reserved).name(body)
        written, direct = inlined(functions, settings) if inline else ({}, {})
        self.calls = frozenset(wiring.calls)
        self.inlined = frozenset(() if ordering.unnamed else written)
        items = [*self._constants(constants), *self._helpers(functions), *self._steps(functions, settings, written)]
        error = next(
            n for n in ("error", "failure", "caught_error") if n not in reserved and n not in _variables(wiring)
        )
        emission = Emission(names, {step: functions.outputs(step) for step in wiring.calls}, error, written)
        statements = emission.block(body)
        if ends:
            statements = (
                returning(statements, source(ends[own])) if own is not None else (*statements, Line(result(ends, LAST)))
            )
        made = PipelineFunction(
            function, tuple(p.text for p in parameters), "", self._doc(parameters), statements, flow_settings.settings,
            (*self._comments_above(), *flow_settings.remarks),
        )  # fmt: skip
        read = self._read(function, wiring, settings, functions)
        return Migrated([*items, made], functions.imports | self.imports, read, direct, {f.name: f.text for f in files})

    def _wiring(self, settings: dict[str, StepSettings]) -> Wiring:
        catches = {name: one.catch for name, one in settings.items() if one.catch is not None}
        return Wiring(self.flow, Infos(self.flow), catches, {name for name, one in settings.items() if one.clears})

    def _unordered(self, ordering: Ordering, settings: dict[str, StepSettings]) -> None:
        """Report what does not wait any more for a step whose results it does not need."""
        for later, earlier in ordering.lost:
            names = [one.step for one in (later, earlier) if isinstance(one, Call)]
            if len(names) < 2 or names[0] == names[1]:
                names = [*names, *(["what is above it"] * 2)][:2]
            step = names[0] if names[0] in settings else next(iter(settings))
            member = self.flow.steps[step]
            difference = f"in a loop it starts without waiting for `{names[1]}`, whose results it does not need"
            finding = ChangedMeaning(member.file.source.span(member.function), TARGET, step, difference)
            self.report.add(finding)
            settings[step].remarks.append(f"{finding.code}: {finding.message}")

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
        names = {step: self._fresh(flow.steps[step], name) for step in wiring.calls}
        names |= {helper: self._fresh(flow.helpers[helper], name) for helper in flow.helpers}
        bound = {n for m in (*flow.steps.values(), *flow.helpers.values()) for n in stored_names(m.function)}
        constants = {one: self._fresh(flow.constants[one], name, one in bound) for one in flow.constants}
        return function, names, constants

    def _fresh(self, member: Member, pipeline: str, again: bool = False) -> str:
        """A name in the module for a member of the class: the same as in another flow that inherits it."""
        if not again and (shared := self.taken.shared.get(member.key)) is not None:
            return shared[0]
        longer = f"{pipeline}_{member.name}".replace("__", "_")
        first = () if again or member.name in self.parameters else (member.name,)
        return self.taken.fresh(*first, longer.upper() if member.name.isupper() else longer)

    def _is_shared(self, member: Member, name: str, text: str, settings: object = "") -> bool | None:
        """Whether the module has it already; `None` where it has another of that name."""
        found = self.taken.shared.setdefault(member.key, (name, text, repr(settings)))
        if found == (name, text, repr(settings)) and self.taken.texts[name]:
            return True
        if found[1:] != (text, repr(settings)):
            return None
        self.taken.texts[name] = text
        return False

    def _constants(self, names: dict[str, str]) -> Iterator[ModuleItem]:
        group: list[str] = []
        renamed = {old: new for old, new in names.items() if old != new}
        for name, member in self.flow.constants.items():
            text = segment(member)
            if renamed:
                text = rename_globals(text, renamed)
            if (member.owner, name) in member.file.configs.found:
                text = "\n".join(fitted(text, 0))
            if not self._is_shared(member, names[name], text):
                group.append(text)
                self._imports_of(member, text)
        if group:
            yield Definition("\n".join(group))

    def _helpers(self, functions: Functions) -> Iterator[ModuleItem]:
        for info in functions.wiring.infos.helpers.values():
            text = functions.helper_text(info)
            shared = self._is_shared(info.member, functions.names[info.member.name], text)
            if shared is None:
                functions.names[info.member.name] = self._fresh(info.member, pipeline_name(self.flow.name), True)
                text = functions.helper_text(info)
            if not shared:
                yield Definition(text)
                self._imports_of(info.member, text)

    def _steps(
        self, functions: Functions, settings: dict[str, StepSettings], inline: Container[str]
    ) -> Iterator[ModuleItem]:
        for step, _ in sorted(functions.wiring.calls.items(), key=lambda pair: pair[1][0].place.at):
            if step in inline:
                continue
            own, member = settings[step], self.flow.steps[step]
            text = functions.step_text(step)
            if member.file.is_ours:
                own = called_within(own, member, functions.parameters[step])
            shared = self._is_shared(member, functions.names[step], text, own.settings)
            if shared is None:
                functions.names[step] = self._fresh(member, pipeline_name(self.flow.name), True)
                text = functions.step_text(step)
            if "partial(" in text:
                functions.imports.add("from functools import partial")
            if (node := functions.kept_current.get(step)) is not None:
                difference = f"`{ast.unparse(node)}` is known inside of a run of Metaflow only"
                finding = ChangedMeaning(member.file.source.span(node), TARGET, step, difference)
                self.report.add(finding)
                own.remarks.append(f"{finding.code}: {finding.message}")
            if not shared:
                self._imports_of(member, text)
                above = comments_above(member.file.method(member.owner, step))
                yield StepFunction(text, own.settings, (*above, *own.remarks))

    def _imports_of(self, member: Member, text: str) -> None:
        """What a member of another module needs of that module."""
        if member.file is not self.flow.file:
            self.imports |= imports_from(member.file, self.flow.file, names_used([text]))

    def _comments_above(self) -> list[str]:
        """The comments above the class."""
        lines = self.flow.file.source.lines
        found: list[str] = []
        at = min([self.flow.node.lineno, *(d.lineno for d in self.flow.node.decorator_list)]) - 1
        while at and lines[at - 1].startswith("#"):
            at -= 1
            found.insert(0, lines[at].lstrip("#").strip())
        return found

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
        if self.flow.file.is_ours and text == pipeline_name(self.flow.name):
            text = ""  # a flow has one, and it is the pipeline's name where nobody has written another
        helps = [f"    {p.name}: {p.help}" for p in parameters if p.help]
        if helps:
            text = "\n".join([*([text, ""] if text else []), "Args:", *helps])
        return text

    def _read(
        self, function: str, wiring: Wiring, settings: dict[str, StepSettings], functions: Functions
    ) -> PipelineRead:
        tasks = []
        for name, member in self.flow.steps.items():
            own, span = settings[name], member.file.source.span(member.function)
            adapted = list(dict.fromkeys(wiring.notes.get(name, [])))
            if any(step == name for step, _ in functions.copies):
                adapted.append("it works on a copy of what it changes in place, as in Metaflow")
            for note in adapted:
                self.report.add(Adapted(span, name, note))
            lost = [remark.partition(": ")[2] for remark in own.remarks]
            notes = tuple(dict.fromkeys([*own.notes, *lost, *adapted]))
            tasks.append(TaskRead(name, "adapted" if notes else "exact", span, notes))
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
