"""The statements of a step."""

from __future__ import annotations

import re

from pipec.backends.metaflow import native
from pipec.backends.metaflow.draft import Assign, Bind, Call, Gather, Look, OfRun, Raise
from pipec.backends.metaflow.forms import duration, loaded, stored, tuple_size
from pipec.backends.metaflow.liveness import own_reads
from pipec.backends.metaflow.names import Words, parameter_attribute
from pipec.backends.metaflow.schedule import event_name
from pipec.backends.metaflow.writer import Writer
from pipec.compiler.backend.glue import call, operand_source, port_of
from pipec.compiler.pysource.layout import tidy
from pipec.compiler.pysource.negate import negated_text
from pipec.compiler.rendering import python_literal
from pipec.ir import (
    Check,
    Code,
    Component,
    Const,
    Deadline,
    DictOf,
    Expr,
    FileType,
    ForEach,
    ListOf,
    OptionalOf,
    Output,
    Ref,
    Task,
    TupleOf,
    Type,
    ValueId,
    ValueType,
    Wait,
)

NEVER = Const(source="False")
DISPLAY = re.compile(r"[\[({]")


class Body(Writer):
    """Writes all of a step."""

    def statements(self) -> list[str]:
        """All lines, transition included, indented."""
        merged = self.flow.merged.get(id(self.step), [])
        if merged:
            listed = ", ".join(f'"{name}"' for name in merged)
            self._say(f"self.merge_artifacts(inputs, include=[{listed}])")
        for action in self.step.actions:
            match action:
                case Bind():
                    self._bind(action.loop)
                case Gather():
                    self._gather(action)
                case Assign():
                    self._assign(action)
                case Call():
                    self._call(action.task)
                case Raise():
                    self._raise(action.check)
                case Look():
                    self._look(action.wait)
                case OfRun(what="name"):
                    current = self.words("current")
                    self._say(f'self.{self.flow.names[action.id]} = f"{{{current}.flow_name}}/{{{current}.run_id}}"')
                case OfRun():
                    now = f"{self.words('datetime')}.now({self.words('timezone')}.utc)"
                    self._say(f'self.{self.flow.names[action.id]} = {now}.strftime("%Y-%m-%d")')
        if self.step.targets:
            self._next()
        return self.lines

    def _gather(self, gather: Gather) -> None:
        inputs = "inputs"
        if gather.sort:
            inputs = "tasks"
            self._say("tasks = sorted(inputs, key=lambda task: task.index)")
        for out in gather.outputs:
            name = self._collected(out.value)
            self._say(f"self.{self.flow.names[out.id]} = [task.{name} for task in {inputs}]")
            self.made.add(out.id)

    def _collected(self, value: ValueId) -> str:
        return self.flow.names[value]

    def _bind(self, loop: ForEach) -> None:
        read = own_reads(self.step)
        targets = [t for t in loop.targets if t.id in self.flow.bound or t.id in read]
        if not targets:
            return
        if len(targets) == 1 and targets[0].path == () and targets[0].id not in self.flow.bound:
            self.locals[targets[0].id] = "self.input"
            return
        names = []
        for target in targets:
            if target.id in self.flow.bound:
                names.append(f"self.{self.flow.names[target.id]}")
                self.made.add(target.id)
            else:
                self.locals[target.id] = self._local(target.id)
                names.append(self.locals[target.id])
        paths = [t.path for t in targets]
        if len(targets) > 1 and paths == [(i,) for i in range(len(targets))] and len(targets) == len(loop.targets):
            self._say(f"{', '.join(names)} = self.input")
            return
        for name, path in zip(names, paths):
            self._say(f"{name} = self.input{''.join(f'[{i}]' for i in path)}")

    def _assign(self, action: Assign) -> None:
        source = self.expression(action.expr)
        if action.wrap and not source.startswith(f"{action.wrap}("):
            source = f"{action.wrap}({source})"
        if action.local:
            self.locals[action.id] = self._local(action.id)
            self._say(f"{self.locals[action.id]} = {source}")
            return
        target = f"self.{self.flow.names[action.id]}"
        if source != target:
            self._say(f"{target} = {source}")
        self.made.add(action.id)

    # what may stop the run

    def _raise(self, check: Check) -> None:
        if check.condition == NEVER:
            self._say(f"raise RuntimeError({self._message(check)})")
            return
        condition = tidy(negated_text(self.expression(check.condition)))
        self._say(f"if {condition}:")
        known, self.depth = dict(self.locals), self.depth + 4
        self._say(f"raise RuntimeError({self._message(check)})", self.depth)
        self.locals, self.depth = known, self.depth - 4  # what the message has loaded is known in the `if` only

    def _message(self, check: Check) -> str:
        if check.message is not None:
            return self.expression(check.message)
        return "" if check.caught is not None else python_literal(check.source)

    def _look(self, wait: Wait) -> None:
        parts = [self.expression(wait.uri), f"every={self._time(wait.every)}"]
        if wait.timeout is not None:
            parts.append(f"timeout={self._time(wait.timeout)}")
        self.words("exists")  # the helper's own
        self._say(f"{self.words('wait_for')}({', '.join(parts)})")

    def _time(self, seconds: float) -> str:
        return f"{self.words('timedelta')}({duration(seconds)})"

    # the call

    def _call(self, task: Task) -> None:
        component = self.pipeline.component(task.component)
        outer = self.depth
        if task.policy.on_failure is not None:
            self._say(self._telling(task), self.depth)
            self.depth += 4
        if task.policy.deadline is not None:
            self._say(self._watching(task, task.policy.deadline), self.depth)
            self.depth += 4
        if task.policy.cache is not None and task.outputs:
            self._say(self._reuse(task, component), self.depth)
            self.depth += 4
        self._say(f"with {self.words('empty_folder')}():", self.depth)
        self.depth += 4
        source = call(task, component, lambda key, expr: self._argument(expr))
        self._results(task, component, source)
        self.depth -= 4
        if task.policy.updates is not None and native.compute(self.pipeline.policy) == "kubernetes":
            event = python_literal(event_name(task.policy.updates))
            self._say(f"{self.words('publish')}({event})", self.depth)
        self.depth = outer

    def _telling(self, task: Task) -> str:
        hook = self.pipeline.component(task.policy.on_failure or "").function
        retries = [f"retries={task.policy.retry.limit}"] if task.policy.retry and task.policy.retry.limit else []
        return f"with {self.words('telling')}({', '.join([str(hook), python_literal(task.site.step), *retries])}):"

    def _watching(self, task: Task, deadline: Deadline) -> str:
        parts = [self._time(deadline.after), python_literal(task.site.step)]
        if deadline.tell is not None:
            parts.append(str(self.pipeline.component(deadline.tell).function))
        return f"with {self.words('watched')}({', '.join(parts)}):"

    def _reuse(self, task: Task, component: Component) -> str:
        cache = task.policy.cache
        assert cache is not None
        ignored = set(cache.ignore)
        code = " ".join([component.name, component.digest[:16], *([cache.version] if cache.version else [])])
        args = {port_of(key): expr for key, expr in task.args.items() if port_of(key) not in ignored}
        covered = ", ".join(f'"{port}": {self.expression(expr)}' for port, expr in args.items())
        listed = ", ".join(f'"{self.flow.names[o.id]}"' for o in task.outputs)
        parts = ["self", f"[{listed}]", f"code={python_literal(code)}", f"inputs={{{covered}}}"]
        if cache.ttl is not None:
            parts.append(f"ttl={self.words('timedelta')}({duration(cache.ttl)})")
        return f"if not {self.words('reuse')}({', '.join(parts)}):"

    def _argument(self, expr: Expr) -> str:
        if isinstance(expr, Code) and isinstance(expr.type, ValueType) and DISPLAY.match(expr.source):
            # a collection that is built here, of values and files together
            return tidy(operand_source(expr, lambda v: loaded(self.flow.types[v], self.value(v), self.words)))
        source = self.expression(expr)
        type_: Type = ValueType()
        if isinstance(expr, Ref):
            type_ = self.flow.types[expr.value]
            if self._is_shared(expr.value):
                source = f"{self.words('deepcopy')}({source})"
        elif isinstance(expr, Code):
            type_ = expr.type
        return loaded(type_, source, self.words)

    def _is_shared(self, value: ValueId) -> bool:
        """Whether the step stores this object itself, so that a change in place would be stored too."""
        if value not in self.made or self.flow.immutable(value):
            return False
        loops = [a.loop for a in self.step.actions if isinstance(a, Bind)]
        item = any(t.id == value for loop in loops for t in loop.targets)
        return item and not any(self.flow.item_immutable(loop) for loop in loops)

    def _results(self, task: Task, component: Component, source: str) -> None:
        depth, outputs = self.depth, task.outputs
        if not outputs:
            self._say(source, depth)
            return
        whole, *rest = outputs
        if whole.select is None:
            target = f"self.{self.flow.names[whole.id]}"
            if (
                isinstance(whole.type, (TupleOf, ListOf, DictOf, OptionalOf))
                and stored(whole.type, "x", Words(())) != "x"
            ):
                name = self._local(whole.id)
                self._say(f"{name} = {source}", depth)
                self._say(f"{target} = {stored(whole.type, name, self.words)}", depth)
                target = name
            else:
                self._say(f"{target} = {stored(whole.type, source, self.words)}", depth)
                if isinstance(whole.type, FileType):
                    rest = []
            self._selected(rest, target)
        else:
            self._unpacked(outputs, component, source)
        self.made |= {o.id for o in outputs}

    def _selected(self, outputs: list[Output], base: str) -> None:
        for out in outputs:
            source = f"{base}[{out.select}]" if isinstance(out.select, int) else f"{base}.{out.select}"
            self._say(f"self.{self.flow.names[out.id]} = {stored(out.type, source, self.words)}", self.depth)

    def _unpacked(self, outputs: tuple[Output, ...], component: Component, source: str) -> None:
        depth = self.depth
        size = tuple_size(component.returns)
        if size is None or any(not isinstance(o.select, int) or o.select >= size for o in outputs):
            name = self._local("result")
            self._say(f"{name} = {source}", depth)
            self._selected(list(outputs), name)
            return
        by_place = {o.select: o for o in outputs}
        targets, later = [], []
        for i in range(size):
            out = by_place.get(i)
            if out is None:
                targets.append("_")
                continue
            artifact = f"self.{self.flow.names[out.id]}"
            if stored(out.type, "x", Words(())) == "x":
                targets.append(artifact)
            else:
                name = self._local(self.flow.names[out.id])
                targets.append(name)
                later.append((artifact, out.type, name))
        self._say(f"{', '.join(targets)}{',' if size == 1 else ''} = {source}", depth)
        for artifact, type_, name in later:
            self._say(f"{artifact} = {stored(type_, name, self.words)}", depth)

    # the transition

    def _next(self) -> None:
        step = self.step
        if step.kind == "switch":
            true, false = step.targets
            over = self.flow.names[step.over]
            self._say(f'self.next({{True: self.{true.name}, False: self.{false.name}}}, condition="{over}")')
        elif step.kind == "foreach":
            over = parameter_attribute(step.over) if step.over in self.flow.parameters else self.flow.names[step.over]
            self._say(f'self.next(self.{step.targets[0].name}, foreach="{over}")')
        else:
            comment = "  # never reached; a step has to say where it goes" if self._surely_raises() else ""
            self._say(f"self.next({', '.join(f'self.{t.name}' for t in step.targets)}){comment}")

    def _surely_raises(self) -> bool:
        return any(isinstance(a, Raise) and a.check.condition == NEVER for a in self.step.actions)
