"""IR -> KFP's model: which DAG each statement becomes, and what goes in and out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from pipec.backends.kfp.containers import Containers
from pipec.backends.kfp.endings import with_exit_task
from pipec.backends.kfp.forms import Forms, forms_of
from pipec.backends.kfp.loops import lower_loop
from pipec.backends.kfp.model import (
    DeploymentSpec,
    ParameterSpec,
    PipelineInfo,
    PipelineSpec,
    TaskSpec,
)  # fmt: skip
from pipec.backends.kfp.native import display_name, pipeline_root, workspace
from pipec.backends.kfp.of_run import kept
from pipec.backends.kfp.parts import Parts
from pipec.backends.kfp.platform import (
    KubernetesDeployment,
    KubernetesPipeline,
    KubernetesSpec,
    Platforms,
    PlatformSpec,
)
from pipec.backends.kfp.program import is_replaced, text_of
from pipec.backends.kfp.scope import Arm, Handle, Scope, free_name, kfp_name
from pipec.ir import (
    Block,
    Branch,
    Check,
    Compute,
    Const,
    Expr,
    ForEach,
    Group,
    Parallel,
    Parameter,
    Phi,
    Pipeline,
    Ref,
    RunValue,
    Span,
    Statement,
    Task,
    ValueId,
    Wait,
)  # fmt: skip
from pipec.ir.graph import awaits, edges, has_effect
from pipec.ir.literals import value_of


@dataclass(frozen=True)
class Lowered:
    """A pipeline in KFP's words, and which of its tasks stands for which node."""

    spec: PipelineSpec
    platform: PlatformSpec | None
    tasks: dict[str, str]
    """KFP task -> IR task."""
    loops: dict[str, str]
    """KFP task that iterates, or that guards one against having nothing to do -> IR loop."""
    told: frozenset[str]
    """KFP tasks that tell somebody of the failure of another one."""
    programs: dict[str, tuple[str, Span | None]]
    """Component -> its program, and the place of its step."""
    missing: tuple[Task, ...]
    """Calls of steps whose results are kept, but never found again."""


@dataclass
class Lowering:
    """The state of one lowering."""

    pipeline: Pipeline
    forms: Forms
    parts: Parts
    handles: dict[ValueId, Handle] = field(default_factory=dict)
    extra: dict[tuple[ValueId, str], Handle] = field(default_factory=dict)
    """(value, "true" | "items" | "uri") -> where the further form of it can be had."""
    names: dict[str, str] = field(default_factory=dict)
    loops: dict[str, str] = field(default_factory=dict)
    depth: int = 0
    """How many loops are around."""
    cached: set[str] = field(default_factory=set)
    """Tasks that may end in a cache hit: servers have not always taken those for finished when they merge."""
    windows: dict[float, Handle] = field(default_factory=dict)
    """Time that entries of the cache live -> the number of the time window."""
    missing: dict[str, Task] = field(default_factory=dict)
    """Step whose results are kept, but never found again -> a call of it."""
    told: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=lambda: {"root"})
    whole: Scope = field(default_factory=lambda: Scope("root"))
    """The DAG with the body of the pipeline."""
    given: dict[tuple[str, str], Handle] = field(default_factory=dict)
    """Step and output -> where native settings of other steps can have the text."""
    containers: Containers = field(init=False)

    def __post_init__(self) -> None:
        self.containers = Containers(self)

    # --- blocks

    def block(self, block: Block, scope: Scope, outer: tuple[str, ...] = (), concurrent: bool = False) -> list[str]:
        """Lower `block` into `scope`, all after the tasks `outer`; returns the tasks that it became."""
        ordered = any(awaits(n) or (not concurrent and has_effect(n)) for n in block.nodes)
        waits = edges(block, concurrent) if ordered else {}  # else only values order the tasks
        done: dict[str, list[str]] = {}
        placeholders: dict[str, tuple[str, ...]] = {}
        """Task that is only a text -> what it waits for, and who reads it with it."""
        for node in block.nodes:
            before = outer
            if ordered:
                hidden = (t for p in waits[node.id].data for t in placeholders.get(p, ()))
                before = (*outer, *(t for p in waits[node.id].order for t in placeholders.get(p, done[p])), *hidden)
            known = len(scope.order)
            self.statement(node, scope, before)
            done[node.id] = scope.order[known:]
            if isinstance(node, Task) and not done[node.id]:
                placeholders[node.id] = before
        return [name for names in done.values() for name in names]

    def statement(self, node: Statement, scope: Scope, after: tuple[str, ...]) -> None:
        """Lower one statement."""
        match node:
            case Task():
                self.containers.task(node, scope, after)
            case Compute():
                self.containers.compute(node, scope, after)
            case Check():
                self.containers.check(node, scope, after)
            case Wait():
                self.containers.wait(node, scope, after)
            case RunValue():
                self.containers.run_value(node, scope, after)
            case Branch():
                self.branch(node, scope, after)
            case ForEach():
                lower_loop(self, node, scope, after)
            case Group():
                self.group(node, scope, after)
            case Parallel():
                self.block(node.body, scope, after, concurrent=True)
            case _:
                raise TypeError(f"{node.kind} reached the KFP backend")

    def close(self, inner: Scope, scope: Scope, after: tuple[str, ...]) -> TaskSpec:
        """Make `inner` a component, and put a task of it into `scope`."""
        if scope.arm is not None:
            inner.own[scope.arm.name] = ParameterSpec()
        if not (inner.own or any(not h.stored for h in inner.inputs.values())):
            # kfp.local hands artifacts to a DAG only where it gets a parameter too
            inner.inputs["dag"] = constant(inner.name)
        self.parts.dag(inner.name, inner.component())
        return scope.add(inner.name, f"comp-{inner.name}", dict(inner.inputs), after)

    def unique(self, wanted: str) -> str:
        """A task name that no other task of the pipeline has: kfp.local looks outward for outputs, by task name."""
        name = free_name(kfp_name(wanted), lambda n: n in self.taken or n.removesuffix("-driver") in self.taken, "-")
        self.taken.add(name)
        return name

    def reserve(self, wanted: str) -> str:
        """A name for a DAG: of its task, and of its component."""
        name = free_name(kfp_name(wanted), lambda n: n in self.taken or f"comp-{n}" in self.parts.components, "-")
        self.taken.add(name)
        self.parts.taken.add(name)
        return name

    # --- values

    def operand(self, expr: Expr) -> Handle:
        """Where the value of a `Const` or `Ref` can be had."""
        match expr:
            case Const():
                return constant(text_of(expr.source))
            case Ref():
                return self.handles[expr.value]
            case _:
                raise TypeError(f"{expr.kind} {expr} was not outlined")

    def define(self, value: ValueId, handle: Handle) -> None:
        """Say where `value` can be had."""
        self.handles[value] = replace(handle, label=value)

    # --- branches

    def branch(self, node: Branch, scope: Scope, after: tuple[str, ...]) -> None:
        """A DAG in which every task of an arm has the arm's condition, and which hands out merged values."""
        if isinstance(node.condition, Const):
            self.chosen(node, scope, after, bool(value_of(node.condition.source)))
            return
        condition = self.containers.truth(node.condition, scope, after)
        name = self.reserve(f"condition-{node.id}")
        inner = Scope(name)
        flag = f"pipelinechannel--{kfp_name('condition-' + node.id)}"
        sides: list[dict[ValueId, Handle]] = []
        for block, wanted in ((node.then, True), (node.orelse, False)):
            inner.arm = Arm(flag, condition, wanted)
            self.block(block, inner)
            sides.append({p.id: self.merged(p, p.then if wanted else p.orelse, inner) for p in self.live(node.outputs)})
        inner.arm = None
        for phi in self.live(node.outputs):
            inner.hand_out(phi.id, sides[0][phi.id], sides[1][phi.id])
        if not inner.tasks:
            return
        self.close(inner, scope, after)
        for phi in self.live(node.outputs):
            handle = Handle(inner.kinds[phi.id].kind, phi.id, scope, name, phi.id)
            self.define(
                phi.id, self.containers.artifact_at(phi.id, handle, scope) if self.forms.is_stored(phi.id) else handle
            )

    def live(self, phis: tuple[Phi, ...]) -> list[Phi]:
        """The merged values that somebody reads."""
        return [phi for phi in phis if phi.id in self.forms.used]

    def chosen(self, node: Branch, scope: Scope, after: tuple[str, ...], then: bool) -> None:
        """A branch whose condition is a constant."""
        self.block(node.then if then else node.orelse, scope, after)
        for phi in self.live(node.outputs):
            self.define(phi.id, self.operand(phi.then if then else phi.orelse))

    def merged(self, phi: Phi, expr: Expr, inner: Scope) -> Handle:
        """What one arm gives for a merged value, always from a container: the server selects only among those."""
        stored = self.forms.is_stored(phi.id)
        if isinstance(expr, Ref):
            handle = self.extra.get((expr.value, "uri")) if stored else self.handles[expr.value]
            if handle is not None and handle.scope is inner and handle.direct and handle.kind == "text":
                if handle.task not in self.cached:
                    return handle
        source = self.containers.near(expr.value, inner) if isinstance(expr, Ref) else self.operand(expr)
        return self.containers.export(phi.id, source, inner, "uri" if stored else "text", phi.type)

    # --- groups

    def group(self, node: Group, scope: Scope, after: tuple[str, ...]) -> None:
        """A sub-pipeline is a component with a DAG."""
        inner = Scope(self.reserve(node.id))
        for arg in node.args:
            self.define(arg.id, self.operand(arg.expr))
        self.block(node.body, inner)
        outside: dict[ValueId, Handle] = {}
        keys: dict[tuple[object, ...], str] = {}
        for result in node.outputs:
            if result.id not in self.forms.used:
                continue
            handle = self.operand(result.value)
            if handle.scope is inner and handle.task and not handle.path:
                key = keys.setdefault(handle.place, result.id)
                if key == result.id:
                    inner.hand_out(key, handle)
                outside[result.id] = Handle(
                    handle.kind, result.id, scope, inner.name, key, schema=handle.schema, anew=handle.anew
                )
            else:
                outside[result.id] = handle
        if inner.tasks:
            self.close(inner, scope, after)
        for value, handle in outside.items():
            self.define(value, handle)

    # --- the pipeline

    def root(self) -> Scope:
        """The whole pipeline."""
        root, own = self.whole, kept(self.pipeline)
        for parameter in self.pipeline.parameters:
            self.handles[parameter.name] = Handle(
                "raw" if is_raw(parameter) else "text", parameter.name, root, key=parameter.name
            )
            root.own[parameter.name] = own.get(parameter.name) or _parameter(parameter)
        if self.pipeline.policy.on_failure is None and self.pipeline.policy.on_success is None:
            self.body(root)
        else:
            with_exit_task(self, root)
        assert not root.inputs, f"out of reach: {sorted(root.inputs)}"
        return root

    def body(self, scope: Scope) -> None:
        """The statements of the pipeline, and its result."""
        self.block(self.pipeline.body, scope)
        result = self.pipeline.result
        if result is not None:
            handle = self.operand(result)
            if not (handle.scope is scope and handle.task) or handle.kind == "raw":
                handle = self.containers.export("result", handle, scope, "text")
            scope.hand_out("Output", handle)
        elif not scope.tasks:
            self.containers.export("result", constant("null"), scope, "text")  # the server takes no empty DAG


def constant(text: str) -> Handle:
    """A value that is known at build time."""
    return Handle("text", "constant", constant=text)


def is_raw(parameter: Parameter) -> bool:
    """Whether the parameter is text as a person types it, and no JSON, in which nothing looks like a placeholder."""
    if parameter.annotation.strip("\"' ") != "str":
        return False
    default = None if parameter.default is None else value_of(parameter.default.source)
    return parameter.default is None or (isinstance(default, str) and not is_replaced(default))


def _parameter(parameter: Parameter) -> ParameterSpec:
    default = None
    if parameter.default is not None:
        value = value_of(parameter.default.source)
        default = value if is_raw(parameter) and isinstance(value, str) else text_of(parameter.default.source)
    about = ": ".join(part for part in (parameter.annotation, parameter.doc) if part)
    return ParameterSpec(
        default_value=default, is_optional=True if default is not None else None, description=about or None
    )


def _info(pipeline: Pipeline) -> PipelineInfo:
    name = kfp_name(pipeline.name, 128)
    display = display_name(pipeline.policy) or (pipeline.name if pipeline.name != name else None)
    return PipelineInfo(name=name, description=pipeline.doc or None, display_name=display)


def lower(pipeline: Pipeline, image: str) -> Lowered:
    """`pipeline`, whose operands outside of tasks and computations are names or constants, in KFP's words."""
    parts = Parts(pipeline, image)
    lowering = Lowering(pipeline, forms_of(pipeline), parts)
    root = lowering.root()
    spec = PipelineSpec(
        components=dict(sorted(parts.components.items())),
        default_pipeline_root=pipeline_root(pipeline.policy),
        deployment_spec=DeploymentSpec(executors=dict(sorted(parts.executors.items()))),
        pipeline_info=_info(pipeline),
        root=root.component(),
    )
    return Lowered(
        spec,
        _platform(pipeline, parts),
        lowering.names,
        lowering.loops,
        frozenset(lowering.told),
        parts.programs,
        tuple(lowering.missing.values()),
    )


def _platform(pipeline: Pipeline, parts: Parts) -> PlatformSpec | None:
    """The second document, where one is needed."""
    timeout, shared = pipeline.policy.timeout, workspace(pipeline.policy)
    config = None
    if timeout is not None or shared is not None:
        config = KubernetesPipeline(
            active_deadline_seconds=None if timeout is None else str(math.ceil(timeout)),
            workspace=shared,
        )
    if not parts.kubernetes and config is None:
        return None
    deployment = KubernetesDeployment(executors=dict(sorted(parts.kubernetes.items()))) if parts.kubernetes else None
    kubernetes = KubernetesSpec(deployment_spec=deployment, pipeline_config=config)
    return PlatformSpec(platforms=Platforms(kubernetes=kubernetes))
