"""What is different between two versions of pipelines for those who operate them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from pipec.api.graphs import arrows
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.pysource.text import python
from pipec.compiler.reading.settings import pipeline_settings_of, settings_of
from pipec.ir import Branch, Check, Component, ForEach, Pipeline, Task, Wait, text
from pipec.ir.graph import tasks, walk

Change: TypeAlias = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Difference:
    """One thing that is different."""

    pipeline: str
    what: Literal["pipeline", "parameter", "setting", "step", "edge", "arguments", "control", "code", "cache", "result"]
    change: Change
    name: str
    """The parameter, the step, the setting as `step.setting`, the edge as `a -> b`, or the loop or branch."""
    old: str = ""
    """As it would be written; "" where it was not there, or is too long to show."""
    new: str = ""

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return asdict(self)


def differences(old: Sequence[Pipeline], new: Sequence[Pipeline]) -> list[Difference]:
    """What has changed from `old` to `new`; pipelines with the same name belong together."""
    before, after = ({p.name: passes.run(p, Report()) for p in side} for side in (old, new))
    found = [Difference(name, "pipeline", "removed", name) for name in before if name not in after]
    for name, pipeline in after.items():
        if name not in before:
            found.append(Difference(name, "pipeline", "added", name))
        else:
            found += _of_pipelines(before[name], pipeline)
    return found


def _of_pipelines(old: Pipeline, new: Pipeline) -> Iterator[Difference]:
    name = new.name
    yield from _entries(name, "parameter", _parameters(old), _parameters(new))
    yield from _entries(name, "setting", pipeline_settings_of(old.policy), pipeline_settings_of(new.policy))
    before, after = _calls(old), _calls(new)
    counts = Counter({k: len(v) for k, v in after.items()})
    counts.subtract({k: len(v) for k, v in before.items()})
    for step, count in counts.items():
        for _ in range(abs(count)):
            yield Difference(name, "step", "added" if count > 0 else "removed", step)
    for step in after:
        if step in before:
            yield from _of_steps(name, step, (old, before[step]), (new, after[step]))
    yield from _of_edges(name, old, new)
    before_, after_ = Counter(_control(old)), Counter(_control(new))
    for header in (before_ - after_).elements():
        yield Difference(name, "control", "removed", header)
    for header in (after_ - before_).elements():
        yield Difference(name, "control", "added", header)
    results = tuple("" if p.result is None else text(p.result) for p in (old, new))
    if results[0] != results[1]:
        yield Difference(name, "result", "changed", "result", *results)


def _control(pipeline: Pipeline) -> Iterator[str]:
    """The headers of loops and branches, and what is checked."""
    for node in walk(pipeline.body):
        match node:
            case ForEach():
                limit = f", limit {node.limit}" if node.limit is not None else ""
                yield f"for each of {text(node.items)}{limit}"
            case Branch():
                yield f"if {text(node.condition)}"
            case Check():
                yield node.source or f"assert {text(node.condition)}"
            case Wait():
                yield f"wait for {text(node.uri)}"
            case _:
                pass


def _parameters(pipeline: Pipeline) -> dict[str, str]:
    """Parameter -> how it is declared."""
    found = {}
    for parameter in pipeline.parameters:
        kind = f": {parameter.annotation}" if parameter.annotation else ""
        default = f" = {parameter.default.source}" if parameter.default else ""
        found[parameter.name] = f"{parameter.name}{kind}{default}"
    return found


def _entries(
    pipeline: str, what: Literal["parameter", "setting"], old: dict[str, str], new: dict[str, str], prefix: str = ""
) -> Iterator[Difference]:
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            change: Change = "added" if name not in old else "removed" if name not in new else "changed"
            yield Difference(pipeline, what, change, prefix + name, old.get(name, ""), new.get(name, ""))


def _calls(pipeline: Pipeline) -> dict[str, list[Task]]:
    """Step, with the sub-pipelines around it -> its calls."""
    found: dict[str, list[Task]] = {}
    for task in tasks(pipeline):
        found.setdefault(".".join((*task.site.group, task.site.step)), []).append(task)
    return found


def _of_steps(
    name: str, step: str, old: tuple[Pipeline, list[Task]], new: tuple[Pipeline, list[Task]]
) -> Iterator[Difference]:
    """What is different in how a step runs: its settings, its code, and whether its cache still holds."""
    tasks_ = old[1][0], new[1][0]
    components = old[0].component(tasks_[0].component), new[0].component(tasks_[1].component)
    before, after = (_settings(task, component) for task, component in zip(tasks_, components))
    yield from _entries(name, "setting", before, after, f"{step}.")
    arguments = [[_given(task) for task in side[1]] for side in (old, new)]
    if arguments[0] != arguments[1] and len(arguments[0]) == len(arguments[1]):
        shown = next((a, b) for a, b in zip(*arguments) if a != b)
        yield Difference(name, "arguments", "changed", step, *shown)
    codes = [_code(component) for component in components]
    if codes[0] != codes[1]:
        yield Difference(name, "code", "changed", step)
    if tasks_[0].policy.cache and tasks_[1].policy.cache:
        keys = [(c.digest, t.policy.cache.version, _arguments(t)) for c, t in zip(components, tasks_) if t.policy.cache]
        if keys[0] != keys[1]:
            yield Difference(name, "cache", "changed", step)


def _settings(task: Task, component: Component) -> dict[str, str]:
    """All settings of a step, as they would be written."""
    found = settings_of(task.policy)
    own = {"image": component.image, "packages": list(component.packages) or None, "python": component.python}
    return found | {name: python(value) for name, value in own.items() if value is not None}


def _code(component: Component) -> str:
    """What changes with the code of a step, and with nothing else."""
    return component.digest or (component.native.source if component.native else "")


def _given(task: Task) -> str:
    """The arguments of a call."""
    return ", ".join(f"{name}={text(expr)}" for name, expr in task.args.items())


def _arguments(task: Task) -> list[str]:
    """The names of what a step's cache looks at."""
    ignored = task.policy.cache.ignore if task.policy.cache else ()
    return sorted(name for name in task.args if name not in ignored)


def _of_edges(name: str, old: Pipeline, new: Pipeline) -> Iterator[Difference]:
    """What waits for what, among steps that are there in both."""
    labels = [{t.id: ".".join((*t.site.group, t.site.step)) for t in tasks(p)} for p in (old, new)]
    edges = [
        dict.fromkeys((names[a], names[b]) for a, b in _between_steps(pipeline, names))
        for pipeline, names in zip((old, new), labels)
    ]
    both = set(labels[0].values()) & set(labels[1].values())
    for change, here, there in (("removed", *edges), ("added", *reversed(edges))):
        for a, b in here:
            if (a, b) not in there and {a, b} <= both:
                yield Difference(name, "edge", "added" if change == "added" else "removed", f"{a} -> {b}")


def _between_steps(pipeline: Pipeline, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The arrows between steps; those by way of an expression lead from what it reads to what reads it."""
    found = list(arrows(pipeline))
    into: dict[str, list[str]] = {}
    for a, b in found:
        into.setdefault(b, []).append(a)
    for b in names:
        todo, seen = list(into.get(b, ())), set[str]()
        while todo:
            a = todo.pop()
            if a in seen:
                continue
            seen.add(a)
            if a in names:
                yield a, b
            else:
                todo += into.get(a, ())
