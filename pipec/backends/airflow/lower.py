"""IR -> DAG: walks the blocks and makes tasks, mapped tasks and groups of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from pipec.backends.airflow import collecting, failures, native, values
from pipec.backends.airflow.draft import CallDraft, Draft, FunctionDraft, MappedDraft
from pipec.backends.airflow.following import told_of_the_end
from pipec.backends.airflow.functions import Functions
from pipec.backends.airflow.graph import Guard, Loop, TaskNode, entries, follow, numbered, settle
from pipec.backends.airflow.literals import literal
from pipec.backends.airflow.names import Names, ascii_id
from pipec.backends.airflow.operators import native_task
from pipec.backends.airflow.pods import pod_task
from pipec.backends.airflow.values import Bound, Facts, Spec, single_body
from pipec.backends.airflow.wrapper import Wrapper
from pipec.compiler.backend.glue import call
from pipec.compiler.pysource.layout import commas
from pipec.compiler.rendering import python_literal as py
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
    Pipeline,
    Ref,
    RunValue,
    Statement,
    Task,
    ValueId,
    Wait,
    text,
)  # fmt: skip
from pipec.ir.graph import asked, has_effect, value_types, walk
from pipec.ir.literals import source_of

Mode = Literal["expand", "expand_kwargs"]


@dataclass(frozen=True)
class Scope:
    """Where in the DAG a block stands."""

    items: list[Draft] = field(default_factory=list)
    """What the block writes to."""
    prefix: str = ""
    """Ids of the task groups around it, with dots."""
    arms: tuple[TaskNode, ...] = ()
    """Branch operators whose arms it is in."""
    ways: tuple[bool, ...] = ()
    loop: Loop | None = None
    guards: tuple[Guard, ...] = ()


class Lowering:
    """Makes the DAG of one pipeline."""

    def __init__(self, pipeline: Pipeline, names: Names, functions: Functions, facts: Facts) -> None:
        self.pipeline = pipeline
        self.names = names
        self.functions = functions
        self.facts = facts
        self.types = value_types(pipeline)
        self.env: dict[ValueId, Bound] = {p.name: Bound(param=p.name) for p in pipeline.parameters}
        self.ids = Names({n.id for n in walk(pipeline.body)})
        self.nodes: list[TaskNode] = []
        self.params: dict[str, TaskNode] = {}
        self.tasks: dict[str, TaskNode] = {}
        """Id of an IR task -> its task."""
        self.natives: dict[str, TaskNode] = {}  # native step -> its first task
        self.loops: dict[str, TaskNode] = {}
        """Id of a loop -> a task of its body: its instances are the iterations."""
        self.producers: dict[str, TaskNode] = {}
        """Id of a loop -> the task that makes its items."""
        self.exported: dict[Loop, list[TaskNode]] = {}
        """Mapped group -> those of its tasks that are referred to from outside."""
        self.choices: dict[TaskNode, tuple[list[str], list[str]]] = {}
        """Branch operator -> the ids that it returns for each arm, by truth."""
        self.followed = pipeline.policy.followed
        """Whether something waits for the statement that is lowered."""
        self.deciding: set[str] = set()
        """Tasks that nothing but its arms would wait for, were the statement that is lowered a branch on them."""
        self.top = Scope()

    def run(self) -> None:
        """Lower the whole pipeline."""
        self.block(self.pipeline.body, self.top)
        told_of_the_end(self)
        settle(self.nodes, list(self.params.values()))

    def block(self, block: Block, scope: Scope, concurrent: bool = False, awaited: bool = False) -> list[TaskNode]:
        """Lower `block`; its tasks. `awaited`: an effect below the block waits for it."""
        found: list[TaskNode] = []
        above: list[list[TaskNode]] = []
        last: list[TaskNode] = []
        effects = [not concurrent and has_effect(node) for node in block.nodes]
        last_effect = max((i for i, effect in enumerate(effects) if effect), default=-1)
        named = asked(block)
        done: dict[str, list[TaskNode]] = {}
        asked_for = {id_ for ids in named.values() for id_ in ids}
        outer, free = self.followed, set[str]()
        for i, (node, effect) in enumerate(zip(block.nodes, effects)):
            below = not concurrent and node is not block.nodes[-1]
            self.followed, self.deciding = outer or below or node.id in asked_for, free - asked_for
            made = self.statement(node, scope, awaited or i < last_effect)
            self.followed = outer
            free = set() if effect else free
            free |= {node.id} if isinstance(node, Task) else set()
            done[node.id] = made
            for before in [done[id_] for id_ in named.get(node.id, ())]:
                follow(made, before, forced=True)
            for before in above if effect else [last]:
                follow(made, before)
            if effect and made:
                last, above = made, [made]
            else:
                above.append(made)
            found += made
        return found

    def statement(self, node: Statement, scope: Scope, awaited: bool = False) -> list[TaskNode]:
        """Lower one node; its tasks. `awaited`: an effect below waits for it."""
        from pipec.backends.airflow.branches import branch, guarded_branch
        from pipec.backends.airflow.groups import group

        start = len(self.nodes)
        match node:
            case Task():
                self.task(node, scope)
            case Compute():
                self.compute(node, scope)
            case Check():
                failures.check(self, node, scope)
            case Wait():
                failures.wait(self, node, scope)
            case RunValue():
                failures.run_value(self, node)
            case Branch():
                guarded_branch(self, node, scope, awaited) if scope.loop else branch(self, node, scope)
            case ForEach():
                self.loop(node, scope)
            case Group():
                group(self, node, scope, awaited)
            case Parallel():
                self.block(node.body, scope, concurrent=True, awaited=awaited)
            case _:
                raise TypeError(f"{node.kind} cannot be lowered")
        handing_on = list(self.params.values())  # they belong to the top of the DAG
        return [n for n in self.nodes[start:] if n not in handing_on]

    # tasks

    def new(
        self, id_: str, function: FunctionDraft, scope: Scope, variable: str = "", loop: Loop | None = None,
        wanted: str = "",
    ) -> TaskNode:  # fmt: skip
        """A task called `id_`; the call's arguments are still missing. `wanted`: the id that it is asked to have."""
        plain = id_ if id_.isascii() else self.ids.fresh(ascii_id(id_))
        if wanted:
            plain = numbered(self.nodes, scope.prefix, wanted)
        node = TaskNode(
            scope.prefix + plain, function, CallDraft(function, ""), scope.arms, scope.ways, loop or scope.loop
        )
        node.call.variable = self.names.fresh(variable or id_)
        if plain != function.name:
            node.call.override["task_id"] = py(plain)
        node.guards = scope.guards
        function.calls.append(node.call)
        scope.items.append(node.call)
        self.nodes.append(node)
        return node

    def operand(self, bound: Bound, node: TaskNode, mapped: bool = False) -> str:
        """`bound` as an argument of `node`, which then waits for it. `mapped`: DAG parameters cannot stand here."""
        if bound.const is not None:
            return literal(bound.const)
        if bound.local:
            return bound.local
        if bound.template:
            return py(bound.template)
        if bound.param and self.functions.takes_params and not (mapped or node.loop):
            return f"dag.param({py(bound.param)})"
        producer = self.parameter(bound.param) if bound.param else bound.node
        assert producer is not None
        node.data[producer] = None
        output = ".output" if producer.function.is_operator else ""  # a task function gives its output itself
        return self.variable(producer, node.loop) + output + (f"[{py(bound.key)}]" if bound.key else "")

    def variable(self, node: TaskNode, loop: Loop | None) -> str:
        """The variable of `node` as seen from inside `loop`."""
        node.call.used = True
        if node.loop is None or node.loop.single or node.loop is loop:
            return node.call.variable
        exported = self.exported[node.loop]
        if node not in exported:
            exported.append(node)
        if not node.outer:
            node.outer = self.names.fresh(node.id.rpartition(".")[2] + "_by_item")
        return node.outer

    def parameter(self, name: str) -> TaskNode:
        """The task that hands on a DAG parameter where `dag.param` cannot stand: its text has an address in it."""
        if name not in self.params:
            node = self.new(self.ids.fresh(name), self.functions.parameter(), self.top)
            node.call.args = [f"dag.param({py(name)})" if self.functions.takes_params else py(name)]
            self.top.items.insert(len(self.params), self.top.items.pop())
            self.params[name] = node
        return self.params[name]

    def task(self, task: Task, scope: Scope, loop: ForEach | None = None) -> None:
        """A call of a step; with `loop`, one for each of its items."""
        component = self.pipeline.component(task.component)
        if component.container is not None:
            self.tasks[task.id] = pod_task(self, task, component, scope)
            return
        if component.native is not None:
            self.tasks[task.id] = native_task(self, task, component.native, scope)
            return
        spec = self.facts.direct.get(component.name)
        if spec is not None:
            function, taken = self.functions.direct(component, task, spec), None
        else:
            spec = values.shared_spec([task], self.facts) or Spec()
            taken = self.wrapper(scope, None if loop else self.guard_of(task, scope))
            function = taken.step(component, task, spec)
        whole = next((o.id for o in task.outputs if o.select is None and o.id in self.facts.reads), f"{task.id}_done")
        variable = loop.outputs[0].id if loop and loop.outputs else whole
        if spec.outputs or spec.caught:
            variable = f"{task.id}_outputs"
        if loop is not None:
            own = {t.id for t in loop.targets}
            arguments: dict[str, Expr] = dict(task.args)
            if taken is not None:
                arguments = {name: Ref(value=value) for name, value in taken.parameters.items()}
            wanted = native.task_id(task.policy)
            node = self.mapped(task.id, function, arguments, own, loop, scope, variable, wanted)
        else:
            node = self.new(task.id, function, scope, variable, wanted=native.task_id(task.policy))
            if taken is not None:
                self.fill(node, taken)
            else:
                text = call(task, component, lambda key, expr: self.operand(self.bound(expr), node))
                node.call.args = commas(text[text.index("(") + 1 : -1])
        for output in task.outputs:
            if output.id in self.facts.reads:
                listed = not spec.key(output.select) and values.is_list(output.type)
                self.env[output.id] = Bound(node, spec.key(output.select), listed=listed, promised=listed)
        if task.caught is not None:
            self.env[task.caught] = Bound(node, values.ERROR)
        self.tasks[task.id] = node

    def guard_of(self, task: Task, scope: Scope) -> Guard | None:
        """The condition that `task` has to look at itself: none where a task above it in the same arm does."""
        from pipec.backends.airflow.branches import guard_of

        return guard_of(self, list(task.args.values()), scope)

    def wrapper(self, scope: Scope, guard: Guard | None = None) -> Wrapper:
        """A function of our own, in the making."""
        return Wrapper(self.functions, self.env, self.types, (guard.node, guard.taken) if guard else None)

    def fill(self, node: TaskNode, taken: Wrapper) -> None:
        """Pass the values that the function `taken` takes."""
        given = {name: self.env[value] for name, value in taken.parameters.items()}
        given |= {name: Bound(task) for name, task in taken.tasks.items()}
        for name, bound in given.items():
            text = self.operand(bound, node)
            node.call.args.append(f"{name}={text}" if len(given) > 3 else text)

    def bound(self, expr: Expr) -> Bound:
        """Where a constant or a reference is found."""
        match expr:
            case Const():
                return Bound(const=expr.source)
            case Ref():
                return self.env[expr.value]
        raise TypeError("an expression is evaluated in a task")

    def compute(self, compute: Compute, scope: Scope) -> None:
        """A small task for expressions that stand alone."""
        from pipec.backends.airflow.branches import guard_of

        exprs = [let.expr for let in compute.lets]
        taken = self.wrapper(scope, guard_of(self, exprs, scope))
        function = taken.compute(compute)
        caught = compute.caught is not None
        node = self.new(f"compute_{compute.id}", function, scope, f"{compute.id}_outputs" if caught else compute.id)
        self.fill(node, taken)
        self.bind(compute.outputs, node, caught)
        if compute.caught is not None:
            self.env[compute.caught] = Bound(node, values.ERROR)
        for let in compute.lets:
            if let.id in self.env and not self.env[let.id].key:
                listed = text(let.expr).startswith(("list(", "sorted("))
                self.env[let.id] = replace(self.env[let.id], listed=listed)

    def bind(self, outputs: tuple[ValueId, ...], node: TaskNode, caught: bool = False) -> None:
        """Bind `outputs` to the result of `node`, or to its keys where there are several."""
        keys = values.output_keys(outputs, caught) if len(outputs) > 1 else ["result" if caught else ""]
        for value, key in zip(outputs, keys):
            self.env[value] = Bound(node, key)

    # fan-out

    def mapped(
        self, id_: str, function: FunctionDraft, arguments: dict[str, Expr], own: set[ValueId], loop: ForEach,
        scope: Scope, variable: str, wanted: str = "",
    ) -> TaskNode:  # fmt: skip
        """A mapped task: what depends on the item is expanded over, the rest is the same for all."""
        over = {k: e.value for k, e in arguments.items() if isinstance(e, Ref) and e.value in own}
        unused = {k: "" for k, e in arguments.items() if isinstance(e, Ref) and not e.value}
        mode, head, producer = self.items(over or unused, loop, scope)
        node = self.new(id_, function, scope, variable, Loop(values.may_be_empty(loop, self.env), True), wanted)
        node.call.mode = mode
        node.call.args = [head + (self.operand(producer, node, mapped=True) if producer else "")]
        for name, expr in arguments.items():
            if name not in over and name not in unused:
                node.call.partial[name] = self.operand(self.bound(expr), node, mapped=True)
        return node

    def items(self, over: dict[str, ValueId], loop: ForEach, scope: Scope) -> tuple[Mode, str, Bound | None]:
        """How `loop` is expanded: "x=[1, 2]", or "x=" and what makes the items. `over`: name -> loop variable."""
        paths = {t.id: t.path for t in loop.targets} | {"": ()}
        fields = {name: paths[value] for name, value in over.items()}
        mode: Mode = "expand" if len(fields) == 1 else "expand_kwargs"
        head = f"{next(iter(fields))}=" if mode == "expand" else ""
        bound = self.env[loop.items.value] if isinstance(loop.items, Ref) else None
        const = loop.items.source if isinstance(loop.items, Const) else bound.const if bound else None
        if const is not None:
            items = values.listed_value(const)
            found = [{name: values.at(item, path) for name, path in fields.items()} for item in items]
            listed = [next(iter(f.values())) for f in found] if mode == "expand" else found
            if values.plain(listed):
                return mode, head + literal(source_of(listed)), None
        elif bound is not None and bound.listed and not bound.key and list(fields.values()) == [()]:
            if bound.node is not None:
                self.producers[loop.id] = bound.node
                bound.node.function.listed = bound.node.function.listed or bound.promised
            return mode, head, bound
        taken = self.wrapper(scope)
        name = loop.id.removeprefix("for_")
        id_ = self.ids.fresh(f"list_{name}")
        node = self.new(id_, taken.items(id_, loop, fields), scope, f"{name}_items")
        self.fill(node, taken)
        self.producers[loop.id] = node
        return mode, head, Bound(node)

    def loop(self, loop: ForEach, scope: Scope) -> None:
        """A fan-out: a mapped task where the body is one task, else a mapped task group."""
        start = len(self.nodes)
        task = single_body(loop)
        if task is not None and self.pipeline.component(task.component).container is not None:
            task = None  # its command line is written by a task before it
        if task is not None and not scope.loop:
            self.task(task, scope, loop)
            self.loops[loop.id] = self.tasks[task.id]
        else:
            self.mapped_group(loop, scope)
        if loop.limit is not None:
            for node in self.nodes[start:]:
                if node.loop is not None:
                    node.function.options["max_active_tis_per_dagrun"] = str(loop.limit)
        if task is not None and not scope.loop:
            for output in loop.outputs:
                found = self.env[output.value]
                self.env[output.id] = replace(found, listed=not found.key, promised=False)

    def mapped_group(self, loop: ForEach, scope: Scope) -> None:
        """A fan-out with several tasks for each item."""
        name = self.names.fresh(collecting.name_of(loop))
        local = Names(self.names.taken)
        over = {local.fresh(t.id): t.id for t in loop.targets} or {local.fresh("item"): ""}
        mode, head, producer = self.items(over, loop, scope)
        own = Loop(values.may_be_empty(loop, self.env), False)
        draft = MappedDraft(name, ascii_id(name), tuple(over), mode=mode, exported=self.exported.setdefault(own, []))
        self.env |= {value: Bound(local=parameter) for parameter, value in over.items() if value}
        scope.items.append(draft)
        inside = Scope(draft.body, f"{scope.prefix}{draft.id}.", scope.arms, scope.ways, own)
        made = self.block(loop.body, inside)
        collected = [output for output in loop.outputs if output.id in self.facts.reads]
        for output in collected:
            found = self.env[output.value].node
            if found is None or found.loop is not own:  # a sub-pipeline hands on what is the same for every item
                made.append(collecting.handed_on(self, output, inside))
        for node in entries(made):
            draft.args = [head + (self.operand(producer, node, mapped=True) if producer else "")]
        self.loops[loop.id] = made[0]
        for output in collected:
            collecting.collect(self, output, scope)
