"""IR -> flow: all decisions."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.backends.metaflow import helpers as fixed
from pipec.backends.metaflow import native
from pipec.backends.metaflow.body import Body
from pipec.backends.metaflow.draft import Assign, Bind, Draft
from pipec.backends.metaflow.graph import Builder
from pipec.backends.metaflow.liveness import Flows, defined, flows, paths
from pipec.backends.metaflow.model import Flow, FlowStep
from pipec.backends.metaflow.names import Words, class_name, parameter_attribute, step_name
from pipec.backends.metaflow.parameters import declared
from pipec.backends.metaflow.schedule import schedule
from pipec.backends.metaflow.settings import settings
from pipec.compiler.capabilities import load
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, TargetLimit, UnsupportedForm
from pipec.compiler.passes.inline_groups import inline_groups
from pipec.compiler.passes.rename import renamed
from pipec.compiler.passes.soften import soften
from pipec.compiler.pysource.imports import Import, block, parse
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.pysource.lazy import UserCode, joined, user_code
from pipec.compiler.rendering import python_literal as py
from pipec.compiler.site import Site
from pipec.ir import VALUE, ObjectType, Pipeline, Ref, leaves
from pipec.ir.graph import tasks

MOST_PATHS = 4000
"""Metaflow's validator follows every path from start to end, in every task: from here on that is felt."""
IMPRACTICAL_PATHS = 100_000
"""From here on it takes each task longer to start than most steps take to run."""


@dataclass(frozen=True)
class Lowered:
    """A flow, and what the runner has to know to read a run of it."""

    flow: Flow
    tasks: dict[str, str]
    """Step -> IR task."""
    loops: dict[str, str]
    """Step that starts a foreach, or that stands for none -> IR loop."""
    empty: dict[str, str]
    """Step that runs where a loop has no items -> IR loop."""
    caught: dict[str, str]
    """Step that catches its failure -> the artifact with the message, `None` after a success."""
    cached: frozenset[str]
    """Steps that may take their result over from an earlier run."""
    result: str | None
    """Artifact with the result; `None`: the pipeline returns nothing."""


def lower(pipeline: Pipeline, site: Site, report: Report) -> Lowered:
    """`pipeline` as a flow."""
    pipeline = inline_groups(soften(_unmangled(pipeline)))
    version = load("metaflow").version(site)
    native.check(pipeline, version, report)
    builder = Builder(pipeline, version, report)
    steps = builder.build()
    result = _result(builder, steps[-1], pipeline)
    flow = flows(builder, steps)
    count = paths(steps)
    limit = f"{count} paths lead from start to end, and its validator follows each of them in every task"
    if count > IMPRACTICAL_PATHS:
        report.add(UnsupportedForm(pipeline.span, "metaflow", pipeline.name, limit))
    elif count > MOST_PATHS:
        report.add(TargetLimit(pipeline.span, "metaflow", limit))
    _codecs(pipeline, report)
    made = _flow(pipeline, builder, flow, steps, site, report)
    return Lowered(
        flow=made,
        tasks={s.name: s.task.id for s in steps if s.task is not None},
        loops={s.name: s.loop.id for s in steps if s.loop is not None},
        empty=dict(builder.empty),
        caught={s.name: flow.names[s.caught] for s in steps if s.caught is not None},
        cached=frozenset(s.name for s in steps if s.task is not None and s.task.policy.cache is not None),
        result=result if result is None or result in builder.parameters else flow.names.get(result, result),
    )


def _unmangled(pipeline: Pipeline) -> Pipeline:
    """Other names for steps called `__name`, which would mean something else inside of the class of the flow."""
    taken = {n for d in pipeline.definitions for n in d.names}
    changed: dict[str, str] = {}
    for function in sorted({c.function for c in pipeline.components if c.function}):
        if function.startswith("__") and not function.endswith("__"):
            name = step_name(function)
            while name in taken:
                name += "_"
            taken.add(name)
            changed[function] = name
    return renamed(pipeline, changed)


def _codecs(pipeline: Pipeline, report: Report) -> None:
    """Metaflow pickles artifacts itself: a codec of the project's own is not used."""
    for task in tasks(pipeline):
        for leaf in (leaf for output in task.outputs for leaf in leaves(output.type)):
            if isinstance(leaf, ObjectType) and ":" in leaf.codec:
                loss = f"results are pickled; {leaf.codec!r} is not used"
                report.add(LossySetting(task.span, "metaflow", task.site.step, "codecs", loss))


def _result(builder: Builder, end: Draft, pipeline: Pipeline) -> str | None:
    """Have the last step hold the result; the value that does."""
    if pipeline.result is None:
        return None
    if isinstance(pipeline.result, Ref) and builder.run_values.get(pipeline.result.value) in (None, "name", "date"):
        if pipeline.result.value not in builder.parameters:
            end.over = pipeline.result.value  # read here, so that it gets here
        return pipeline.result.value
    name = builder.value("result")
    end.actions.append(Assign(name, pipeline.result, pipeline.result_type or VALUE))
    end.doc = "Finish with the result."
    return name


def _flow(pipeline: Pipeline, builder: Builder, flow: Flows, steps: list[Draft], site: Site, report: Report) -> Flow:
    code = user_code(pipeline)
    words = Words({name for d in pipeline.definitions if not fixed.shared(d) for name in d.names} | {"self"})
    parameters = [declared(parameter, words) for parameter in pipeline.parameters]
    made = [_step(step, pipeline, flow, words, site, report) for step in steps]
    bases = [words("FreshArtifacts")] if flow.copies else []
    flow_settings = schedule(pipeline, any(step.kind == "switch" for step in steps), words, report)
    project = native.arguments(pipeline.policy, "project")
    if project is not None:
        flow_settings.add("project", **project)
    hooks = hook_functions(pipeline, words)
    step, bases = words("step"), [*bases, words("FlowSpec")]
    name = class_name(pipeline.name)
    return Flow(
        name=f"{name}_" if name in words.taken else name,
        bases=", ".join(bases),
        step=step,
        decorators=(*flow_settings.lines, *hook_decorator(hooks, words)),
        doc=_doc(_indented(pipeline.doc or pipeline.name)),
        module_doc=_doc(pipeline.module_doc),
        imports=tuple(_imports(code, words)),
        code="\n\n\n".join(filter(None, [joined(code), *(source for _, source in hooks.values())])),
        code_first=next(iter(code.kinds.values()), "") in ("constant", "block"),
        helpers=tuple(fixed.sources(words)),
        parameters=tuple(parameters),
        steps=tuple(made),
    )


Hooks = dict[str, tuple[str, str]]
"""Argument of `@exit_hook` -> name and source of the function that it calls."""


def hook_functions(pipeline: Pipeline, words: Words) -> Hooks:
    """The functions that Metaflow calls with the run at its end; they call the user's own with a message."""
    made: Hooks = {}
    ends = (
        ("on_success", "succeeded", pipeline.policy.on_success),
        ("on_error", "failed", pipeline.policy.on_failure),
    )
    for argument, end, hook in ends:
        if hook is not None:
            name = words(f"run_{end}")
            title = pipeline.name.replace("{", "{{").replace("}", "}}")
            message = py(f"{title} has {end} (run {{run.id if run else None}})")
            call = f"{pipeline.component(hook).function}(f{message})"
            made[argument] = (name, "\n".join([f"def {name}(run):", *fitted(call, 4)]))
    return made


def hook_decorator(hooks: Hooks, words: Words) -> list[str]:
    """`@exit_hook`, where there are any."""
    if not hooks:
        return []
    arguments = ", ".join(f"{argument}=[{name}]" for argument, (name, _) in hooks.items())
    return fitted(f"@{words('exit_hook')}({arguments})", 0)


def _step(step: Draft, pipeline: Pipeline, flow: Flows, words: Words, site: Site, report: Report) -> FlowStep:
    decorators = catching(step, flow, words)
    if step.task is not None:
        component = pipeline.component(step.task.component)
        decorators += settings(step.task, component, native.compute(pipeline.policy), site, words, report).lines
    doc = step.doc
    if step.name == "end" and isinstance(pipeline.result, Ref):
        value = pipeline.result.value
        artifact = parameter_attribute(value) if value in flow.parameters else flow.names.get(value)
        doc = f"Finish; the result is `{artifact}`." if artifact else doc
    body = Body(step, flow, pipeline, words).statements()
    return FlowStep(name=step.name, doc=_doc(doc), decorators=tuple(decorators), join=step.join, body=tuple(body))


def catching(step: Draft, flow: Flows, words: Words) -> list[str]:
    """The decorators that let a step end well although it has failed for good."""
    if step.caught is None:
        return []
    items = {target.id for action in step.actions if isinstance(action, Bind) for target in action.loop.targets}
    *outputs, message = (flow.names[value] for value in defined(step, flow) if value not in items)
    arguments = f'artifact="{message}"'
    if outputs:
        listed = ", ".join(f'"{name}"' for name in outputs)
        arguments += f", outputs=[{listed}]"
    lines = [f"    @{words('catch')}", *fitted(f"@{words('failure_message')}({arguments})", 4)]
    if step.task is not None and step.task.policy.timeout is not None:
        told = f"step {step.task.site.step!r} took longer than its time limit of {step.task.policy.timeout:g} s"
        lines += fitted(f"@{words('time_limit_message')}(text={py(told)})", 4)
    return lines


def _imports(code: UserCode, words: Words) -> list[str]:
    """The import statements at the top of the file."""
    wanted = [i for source in code.imports for i in parse(source)]
    wanted += fixed.imports(words)
    wanted += [fixed.renamed(found, words) for found in fixed.WORDS if found.name in words.used]
    typing = [i for source in code.typing_imports for i in parse(source) if i not in wanted]
    if typing:
        wanted.append(Import("typing", "TYPE_CHECKING"))
    if code.postponed:
        wanted.append(Import("__future__", "annotations"))
    lines = block(wanted)
    if typing:
        lines += ["", "if TYPE_CHECKING:", *block(typing, 4)]
    return lines


def _indented(text: str) -> str:
    """A docstring's text as it stands in a class."""
    first, *more = text.strip().split("\n")
    return "\n".join([first, *(f"    {line}".rstrip() for line in more)])


def _doc(text: str) -> str:
    """A docstring's text: nothing in it ends it."""
    body, end = (text.strip()[:-1], '\\"') if text.strip().endswith('"') else (text.strip(), "")
    return body.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + end
