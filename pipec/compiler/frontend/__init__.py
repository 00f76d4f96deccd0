"""Plain Python pipeline modules -> IR. Reads text only; never imports or runs it."""

from __future__ import annotations

import ast
from pathlib import Path

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.settings import InvalidSetting
from pipec.compiler.diagnostics.source import NoPipeline, NotConstant, UnknownPipeline, UnsupportedStatement
from pipec.compiler.frontend import risks
from pipec.compiler.frontend.body import Body
from pipec.compiler.frontend.calls import ports
from pipec.compiler.frontend.components import PIPELINE_SETTINGS, Steps, decorator, is_marked
from pipec.compiler.frontend.constants import NotConstantError
from pipec.compiler.frontend.effects import Effects
from pipec.compiler.frontend.execution import Execution
from pipec.compiler.frontend.finish import Pruner, origins
from pipec.compiler.frontend.following import neighbours
from pipec.compiler.frontend.operands import NONE, Scope, ref
from pipec.compiler.frontend.ordering import ordered
from pipec.compiler.frontend.project import Module, Project
from pipec.compiler.frontend.reading import Reading
from pipec.compiler.frontend.resolve import Resolver
from pipec.compiler.frontend.running import without_stray_attempts
from pipec.compiler.frontend.settings import Raw, SettingsReader
from pipec.compiler.frontend.slices import Slicer
from pipec.compiler.frontend.tasks import defaults
from pipec.compiler.frontend.texts import Texts
from pipec.compiler.frontend.values import STEP_SETTINGS
from pipec.compiler.pysource.text import readable
from pipec.compiler.site import Site
from pipec.ir import (
    VALUE,
    Block,
    Component,
    Const,
    Expr,
    FileType,
    ObjectType,
    Parameter,
    Pipeline,
    PipelinePolicy,
    Span,
    Task,
    Type,
    is_artifact,
    leaves,
    uses,
)
from pipec.ir.graph import blocks, hooks, stand_ins, value_types, walk
from pipec.ir.literals import source_of


def read(source: Path, *, root: Path, site: Site, report: Report, pipeline: str | None = None) -> tuple[Pipeline, ...]:
    """The pipelines of the file `source` (all marked `@pipeline`, or the function named `pipeline`).

    `root` is the project root. What is wrong goes into `report`; a pipeline with an error is left out.
    """
    project = Project(root.resolve(), site.paths, report)
    resolver = Resolver(project)
    project.complete = Texts(resolver).filled
    module = project.load(source)
    if module is None:
        return ()
    functions = {name: node for name in module.bindings if (node := module.function(name)) is not None}
    start = Span(file=module.file, line=1, column=1, end_line=1, end_column=1)
    if pipeline is not None:
        if pipeline not in functions:
            report.add(UnknownPipeline(start, pipeline, tuple(functions)))
            return ()
        wanted = [functions[pipeline]]
    else:
        wanted = [node for node in functions.values() if is_marked(resolver, module, node, "pipeline")]
        waiting = _async(module, resolver)
        for waits in waiting:
            report.add(
                UnsupportedStatement(
                    module.span(waits), "an async pipeline", "write `def`; tasks run in parallel anyway"
                )
            )
        if not wanted and not waiting:
            report.add(NoPipeline(start))
    effects = Effects(resolver, Execution(resolver))
    effects.include(module)
    resolver.changed = effects.changed()
    found = [_read_guarded(module, node, resolver, site, report, effects) for node in wanted]
    beside = neighbours(module, resolver, site)
    return tuple(beside.known_to(p) for p in found if p is not None)


def _async(module: Module, resolver: Resolver) -> list[ast.AsyncFunctionDef]:
    nodes = [s.node for s in module.statements if isinstance(s.node, ast.AsyncFunctionDef)]
    return [n for n in nodes if is_marked(resolver, module, n, "pipeline")]


def has_pipelines(source: Path, *, root: Path, site: Site) -> bool:
    """Whether the file has a function marked `@pipeline`; a file that cannot be read counts, so that it is reported."""
    report = Report()
    read_ = Project(root.resolve(), site.paths, report).load(source)
    if read_ is None:
        return True
    resolver = Resolver(Project(root.resolve(), site.paths, report))
    return any(is_marked(resolver, read_, read_.function(name), "pipeline") for name in read_.bindings)


def _read_guarded(
    module: Module, node: ast.FunctionDef, resolver: Resolver, site: Site, report: Report, effects: Effects
) -> Pipeline | None:
    try:
        return _read(module, node, resolver, site, report, effects)
    except RecursionError:  # an expression with more operators inside one another than Python nests calls
        report.add(UnsupportedStatement(module.name_span(node), "so deep an expression", "split it into statements"))
        return None


DEEPEST = 50
"""How many blocks may lie inside one another; an `elif` lies inside the `if` before it. Documents of the IR, and of
some targets, cannot be nested any deeper than about that."""


def _too_deep(block: Block) -> Span | None:
    """The place of a block that is nested too deeply, if there is one."""
    level = [block]
    for _ in range(DEEPEST):
        level = [inner for b in level for node in b.nodes for inner in blocks(node)]
    return next((node.span for b in level for node in b.nodes), None)


def _read(
    module: Module, node: ast.FunctionDef, resolver: Resolver, site: Site, report: Report, effects: Effects
) -> Pipeline | None:
    before = len(report.findings)
    steps = Steps(resolver, site, report, Raw())
    settings = steps.reader(module)
    raw = _pipeline_settings(module, node, resolver, site, settings)
    place = module.name_span(node)
    policy = settings.pipeline(raw, place)
    title, about = settings.titles(raw, place)
    steps.defaults = _defaults(raw, settings, place)
    reading = Reading(resolver, steps, report)
    reading.open.append((module.name, node.name))
    parameters = _parameters(module, node, steps, report)
    body = Body(reading, module, Scope(), (), {})
    body.tail = True
    for parameter in parameters:
        name = parameter.name
        body.scope.names[name] = ref(reading.names.exactly(name), VALUE, what=f"`{name}`", parameter=True)
    body.declare(node.body)
    flow = body.statements(node.body)
    result = flow.value if flow.kind == "returns" else NONE
    if any(f.severity == "error" for f in report.findings[before:]):
        return None
    if (deep := _too_deep(body.block())) is not None:
        what = f"a statement inside more than {DEEPEST} blocks, each `elif` counted,"
        report.add(UnsupportedStatement(deep, what, "decide in a step, or split the pipeline"))
        return None
    returned: Expr | None = None if result.expr == NONE.expr and not _returns(node) else result.expr
    whole = ordered(without_stray_attempts(body.block()), reading.after)
    pruned = Pruner(reading.fields, returned).block(whole)
    slicer = Slicer(resolver, report, module, effects)
    components = _components(slicer, steps, pruned, policy)
    codecs = _codecs(slicer, resolver, pruned, report, place)
    _report_risks(slicer, effects, components)
    definitions = slicer.link() if not any(f.severity == "error" for f in report.findings[before:]) else ()
    made = Pipeline(
        name=title or node.name, function=node.name, module=module.name, file=module.file,
        doc=readable(about or ast.get_docstring(node) or ""), module_doc=module.doc,
        parameters=parameters, body=pruned, result=returned, result_type=result.type if returned is not None else None,
        policy=policy, span=place, definitions=definitions,
    )  # fmt: skip
    if any(f.severity == "error" for f in report.findings[before:]):
        return None
    return _with_code(made, slicer, components, codecs)


def _returns(node: ast.FunctionDef) -> bool:
    return any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(node))


def _pipeline_settings(
    module: Module, node: ast.FunctionDef, resolver: Resolver, site: Site, settings: SettingsReader
) -> Raw:
    settings.once(node.decorator_list, "pipeline")
    if marked := [d for d in node.decorator_list if isinstance(d, ast.Call) and settings.constructor(d.func) == "step"]:
        settings.report.add(InvalidSetting(module.span(marked[0]), "settings", "a pipeline has none of a step"))
    own = settings.raw(decorator(resolver, module, node, "pipeline"), PIPELINE_SETTINGS)
    raw = settings.site_raw(site.pipelines.get(node.name, {}), module.name_span(node), PIPELINE_SETTINGS)
    raw.values.update(own.values)
    raw.spans.update(own.spans)
    if site.native:
        raw.values["targets"] = site.with_native(raw.values.get("targets", {}))
        raw.spans.setdefault("targets", site.place(next(iter(site.native))))
    return raw


def _defaults(raw: Raw, settings: SettingsReader, place: Span) -> Raw:
    values = raw.values.get("defaults") or {}
    if not isinstance(values, dict):
        return Raw()
    return settings.site_raw(values, raw.spans.get("defaults", place), STEP_SETTINGS)


def _parameters(module: Module, node: ast.FunctionDef, steps: Steps, report: Report) -> tuple[Parameter, ...]:
    given = defaults(node)
    arguments = {a.arg: a for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    found: list[Parameter] = []
    for port in ports(node):
        if port.name not in arguments:
            what = f"`*{port.name}` of a pipeline"
            report.add(UnsupportedStatement(module.name_span(node), what, "name the parameters"))
            continue
        default: Const | None = None
        if port.name in given:
            try:
                default = Const(source=source_of(steps.resolver.evaluate(module, given[port.name])))
            except (NotConstantError, TypeError) as error:
                report.add(NotConstant(module.span(given[port.name]), f"the default of {port.name!r}", str(error)))
        made = arguments[port.name]
        type_ = steps.annotations(module).type(made.annotation)
        file = any(isinstance(leaf, FileType) for leaf in leaves(type_))
        text = port.annotation
        found.append(Parameter(name=port.name, annotation=text, file=file, default=default, span=module.span(made)))
    return tuple(found)


Key = tuple[str, str]
Found = dict[str, tuple[Component, list[Key]]]
"""Component -> without its code, and the units that it starts from; containers have none."""


def _components(slicer: Slicer, steps: Steps, block: Block, policy: PipelinePolicy) -> Found:
    """The components without their code, with the unit that each starts from: those of tasks, and those called back."""
    used = {node.component for node in walk(block) if isinstance(node, Task)} | hooks(block, policy)
    used |= stand_ins(block)
    found: Found = {}
    for step in steps.all():
        names = step.mentions if step.native else () if step.container else (step.node.name,)
        keys = [slicer.reach(step.module, name, step.node.name) for name in names]
        if None not in keys and step.name in used:
            found[step.name] = (step.component(), [key for key in keys if key is not None])
    return found


def _report_risks(slicer: Slicer, effects: Effects, found: Found) -> None:
    """What may go otherwise in a task than in plain Python."""
    project = slicer.resolver.project
    slices = {name: slicer.closure(keys) for name, (_, keys) in found.items() if keys}
    for finding in (
        *risks.of_modules(effects),
        *risks.of_settings(slicer.left_out.values()),
        *risks.of_paths(effects, project, slicer.reached),
        *risks.of_files(project, slicer.reached),
        *risks.of_state(slicer.resolver, slices),
    ):
        slicer.report.add(finding)


def _codecs(slicer: Slicer, resolver: Resolver, block: Block, report: Report, place: Span) -> dict[str, Key]:
    """The project's own codecs that the block's values use: "module:Class" -> unit."""
    found: dict[str, Key] = {}
    for node in (n for n in walk(block) if isinstance(n, Task)):
        for output in node.outputs:
            for codec in _codec_names(output.type):
                dotted, _, name = codec.partition(":")
                module = resolver.project.module(dotted)
                key = slicer.reach(module, name, node.site.step) if module else None
                if key is None:
                    report.add(InvalidSetting(place, "codecs", f"{codec!r} is no class of the project"))
                else:
                    found[codec] = key
    return found


def _codec_names(type_: Type) -> list[str]:
    return [leaf.codec for leaf in leaves(type_) if isinstance(leaf, ObjectType) and ":" in leaf.codec]


def _with_code(pipeline: Pipeline, slicer: Slicer, found: Found, codecs: dict[str, Key]) -> Pipeline:
    """`pipeline` with complete components."""
    arriving = _arriving(pipeline, slicer, found, codecs)
    components = tuple(
        slicer.complete(c, keys, arriving.get(name, [])) if keys else c for name, (c, keys) in found.items()
    )
    return pipeline.model_copy(update={"components": components})


def _arriving(pipeline: Pipeline, slicer: Slicer, found: Found, codecs: dict[str, Key]) -> dict[str, list[Key]]:
    """Component -> what its artifacts need besides: the user's classes whose instances may arrive, and codecs."""
    classes = {name: slicer.travelling(keys) if keys else [] for name, (_, keys) in found.items()}
    if not any(classes.values()) and not codecs:
        return {}
    types = value_types(pipeline)
    sources = origins(pipeline.body)
    arriving: dict[str, dict[Key, None]] = {}
    for node in walk(pipeline.body):
        if not isinstance(node, Task):
            continue
        needed = arriving.setdefault(node.component, {})
        for output in node.outputs:
            needed.update((codecs[c], None) for c in _codec_names(output.type))
        for value in dict.fromkeys(v for expr in node.args.values() for v in uses(expr)):
            if is_artifact(types[value]):
                keys = [k for name in sorted(sources.get(value, ())) for k in classes[name]]
                needed.update(dict.fromkeys([*keys, *(codecs[c] for c in _codec_names(types[value]))]))
    return {name: list(keys) for name, keys in arriving.items()}


__all__ = ["has_pipelines", "read"]
