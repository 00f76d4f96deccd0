"""Statements that become containers: steps, computations, and the small tasks that branches and loops need."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pipec.backends.kfp.foreign import container_task
from pipec.backends.kfp.given import arguments, settled
from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import found_writer, local, quoted, schema_title, writer
from pipec.backends.kfp.scope import RUN_CREATED, RUN_ID, RUN_NAME, Handle, Scope
from pipec.backends.kfp.sdk_tasks import native_task
from pipec.backends.kfp.settings import Settings, caching, retry_policy
from pipec.backends.kfp.shown import show, show_stored
from pipec.backends.kfp.telling import apart, tell
from pipec.backends.kfp.watching import hook_of, watched, with_hook
from pipec.backends.kfp.windows import expire, imported
from pipec.compiler.backend.glue import call, operand_source, port_of
from pipec.compiler.pysource.negate import negated_text
from pipec.ir import (
    VALUE,
    Address,
    Check,
    Code,
    Compute,
    Const,
    Expr,
    Ref,
    RunValue,
    Task,
    TaskPolicy,
    Type,
    ValueId,
    Wait,
    is_artifact,
)

if TYPE_CHECKING:
    from pipec.backends.kfp.lower import Lowering

GRACE = 60.0
"""Seconds between a time limit that a step in a `try` catches, and the pod's own."""
PLAIN = Settings(TaskPolicy())
LAZY = re.compile(r"(?:zip|enumerate|reversed|map|filter)\(")


class Containers:
    """Puts containers into DAGs."""

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.forms = lowering.forms
        self.steps = {c.name: c for c in lowering.pipeline.components}
        self.made: dict[tuple[ValueId, str, int, str], Handle] = {}
        """(value, form, DAG, arm) -> a further form that was made there; it is of no use in other DAGs and arms."""

    # --- steps

    def task(self, node: Task, scope: Scope, after: tuple[str, ...]) -> None:
        """One call of a step."""
        if node.policy.cache is not None and imported(self, node):
            self.lowering.missing.setdefault(node.site.step, node)
        if node.policy.on_failure is not None and scope.iterates:
            return apart(self, node, scope, after)
        component = self.steps[node.component]
        if component.container is not None or component.native is not None:
            make = container_task if component.container is not None else native_task
            return make(self, node, component, scope, after)
        pipeline = self.lowering.pipeline
        glue = Glue(component.name, component.function or component.name, hook_of(node, pipeline))
        sources, named = arguments(self, glue, node, scope)
        made = call(node, component, lambda key, _: sources[key])
        wanted = [o for o in node.outputs if o.id in self.forms.used]
        glue.lines += watched(node, f"result = {made}" if wanted else made, pipeline)
        hint = f"the result of step {component.name!r}"
        for output in wanted:
            select = output.select
            key = "Output" if select is None else f"Output_{select}"
            value = f"result[{select}]" if isinstance(select, int) else f"result.{select}" if select else "result"
            self.output(glue, output.id, key, value, output.type, hint)
        expire(self.lowering, glue, node.policy)
        policy = node.policy
        if node.caught is not None:
            retries = policy.retry.limit if policy.retry else 0
            self.catch(glue, node.caught, "error", node.site.step, retries, policy.timeout)
            if policy.timeout is not None:  # the pod's own limit, which nobody can catch, comes after the caught one
                policy = policy.model_copy(update={"timeout": policy.timeout + GRACE})
        settings = settled(self, node, scope, policy, named)
        kfp_component = self.lowering.parts.container(glue, with_hook(component, node, pipeline), settings)
        name = self.name(node.id)
        self.lowering.names[name] = node.id
        if node.policy.cache:
            self.lowering.cached.add(name)
        task = scope.add(name, kfp_component, glue.inputs, (*after, *settings.after))
        task.caching_options = caching(node.policy)
        task.retry_policy = retry_policy(node.policy.retry)
        self.define(glue, scope, name)
        tell(self, node, name, scope)

    def argument(self, glue: Glue, key: str, expr: Expr, scope: Scope) -> str:
        """The source of one argument; what it needs is loaded before."""
        match expr:
            case Const():
                if key.startswith("*"):
                    return expr.source
                return glue.load(port_of(key), self.lowering.operand(expr), opened=True)
            case Ref():
                return glue.load(port_of(key), self.near(expr.value, scope), opened=True)
            case Code():
                source = self.code(glue, expr, scope)
                return f"kfp_open({source})" if is_artifact(expr.type) else source
            case Address():
                return glue.address(port_of(key), self.near(expr.value, scope))

    def code(self, glue: Glue, expr: Code, scope: Scope) -> str:
        """The source of an expression in terms of the glue's variables; artifacts in it are not opened."""
        variables = {v: glue.load(name, self.near(v, scope), opened=False) for name, v in expr.inputs.items()}
        return operand_source(expr, lambda value: variables[value])

    def near(self, value: ValueId, scope: Scope) -> Handle:
        """Where a task of `scope` can have `value`. The server keeps one artifact for each input of a DAG: where a list
        of them has to get into one, a small task beside its producer makes one artifact of it."""
        handle = self.lowering.handles[value]
        if handle.kind == "artifacts" and handle.scope is not None and handle.scope is not scope:
            made = self.export(value, handle, handle.scope, "artifact", self.forms.types[value])
            self.lowering.handles[value] = handle = replace(made, label=handle.label)
        return handle

    # --- computations

    def compute(self, node: Compute, scope: Scope, after: tuple[str, ...]) -> None:
        """Expressions of the pipeline body that are worth a task of their own."""
        glue = Glue(node.id)
        own: dict[ValueId, str] = {}
        for let in node.lets:
            for value in let.expr.inputs.values() if isinstance(let.expr, Code) else ():
                if value not in own:
                    own[value] = glue.load(value, self.near(value, scope), opened=False)
            if isinstance(let.expr, Ref) and let.expr.value not in own:
                own[let.expr.value] = glue.load(let.expr.value, self.near(let.expr.value, scope), opened=False)
            taken = set(own.values())
            source = operand_source(let.expr, lambda value: own[value])
            own[let.id] = local(let.id, taken.__contains__)
            if let.id in self.forms.loops and LAZY.match(source):
                source = f"list({source})"
            glue.lines.append(f"{own[let.id]} = {source}")
        types = {let.id: let.type for let in node.lets}
        for value in node.outputs:
            if value in self.forms.used:
                self.output(glue, value, value, own[value], types[value], f"the value of {value!r}", found=True)
        if node.caught is not None:
            self.catch(glue, node.caught, node.caught)
        self.place(glue, scope, after)

    # --- checks and sensors

    def check(self, node: Check, scope: Scope, after: tuple[str, ...]) -> None:
        """`assert` and `raise`."""
        glue = Glue(node.id)
        condition, message = self.operand(glue, node.condition, scope), None
        if node.message is not None:
            message = f"str({self.operand(glue, node.message, scope)})"
        elif node.caught is None:
            message = quoted(node.source)
        failure = f"raise RuntimeError({message or ''})"
        always = condition in ("False", "None")
        glue.lines += [failure] if always else [f"if {negated_text(condition)}:", f"    {failure}"]
        if node.caught is not None:
            self.catch(glue, node.caught, node.caught)
        self.place(glue, scope, after)

    def wait(self, node: Wait, scope: Scope, after: tuple[str, ...]) -> None:
        """A container that looks again and again."""
        glue = Glue(node.id)
        limit = f", timeout={node.timeout:g}" if node.timeout is not None else ""
        glue.lines.append(f"kfp_wait({self.operand(glue, node.uri, scope)}, every={node.every:g}{limit})")
        if node.caught is not None:
            self.catch(glue, node.caught, node.caught)
        self.place(glue, scope, after)

    def operand(self, glue: Glue, expr: Expr, scope: Scope) -> str:
        """The source of an operand of a small task."""
        match expr:
            case Const():
                return expr.source
            case Ref():
                return glue.load(expr.value, self.near(expr.value, scope), opened=False)
            case Code():
                return self.code(glue, expr, scope)
            case Address():
                return glue.address(expr.value, self.near(expr.value, scope))

    # --- the run

    def run_value(self, node: RunValue, scope: Scope, after: tuple[str, ...]) -> None:
        """What the server fills in, and the attempt that each container reads from its environment."""
        match node.what:
            case "attempt":
                self.lowering.define(node.output, Handle("attempt", node.output))
            case "id" | "name":
                placeholder = RUN_ID if node.what == "id" else RUN_NAME
                self.lowering.define(node.output, Handle("raw", node.output, constant=placeholder))
            case "date":
                created = Handle("raw", "created", constant=RUN_CREATED)
                glue = Glue(node.id)
                line = f"{glue.load('created', created, opened=False)}[:10]"
                self.output(glue, node.output, "Output", line, VALUE, "the date of the run")
                self.place(glue, scope, after)

    def catch(
        self, glue: Glue, value: ValueId, key: str, step: str = "", retries: int = 0, limit: float | None = None
    ) -> None:
        """Let the program end well where it fails for good, and hand out the message as `value`."""
        lines = glue.lines
        if limit is not None:
            lines = [f"with kfp_limited({quoted(step)}, {limit:g}):", *(f"    {line}" for line in lines)]
        fine = [f'kfp_result(task, {quoted(glue.give(key, "text", value))}, "null")']
        if value in self.forms.nones:
            fine.append(f'kfp_result(task, {quoted(glue.give(f"{key}-none", "text", value))}, "true")')
        glue.lines = [
            "try:",
            *(f"    {line}" for line in (*lines, *fine)),
            "except (Exception, SystemExit) as failure:",
            f"    kfp_catch(task, failure, {quoted(step)}, {quoted(key)}, retries={retries})",
        ]

    # --- outputs

    def output(
        self, glue: Glue, value: ValueId, key: str, source: str, type_: Type, hint: str, found: bool = False,
        inside: bool = False,
    ) -> None:  # fmt: skip
        """Hand out `value` in all forms that it is wanted in; `inside`: only to be handed on by its DAG."""
        forms, lines = self.forms, glue.lines
        located = value in forms.located or inside
        loops = value in forms.loops and not inside
        if value not in forms.itself and not located and not (loops and is_artifact(type_)):
            pass  # only whether it is true, or its items, are wanted
        elif forms.is_stored(value):
            schema = schema_title(type_)
            store = f"kfp_store(task, {quoted(key)}, {source}, {found_writer(type_) if found else writer(type_)})"
            uri = local(f"{key.lower()}_uri", lambda n: False)
            lines.append(f"{uri} = {store}" if located or (loops and is_artifact(type_)) else store)
            glue.give(key, "artifact", value, schema)
            show_stored(glue, key, type_, source, hint)
            if located:
                lines.append(f"kfp_result(task, {quoted(glue.give(f'{key}-uri', 'text', value))}, {uri})")
            if loops and is_artifact(type_):
                places = local(f"{key.lower()}_items", lambda n: False)
                lines.append(f"{places} = kfp_uris({uri})")
                lines.append(f"kfp_result(task, {quoted(glue.give(f'{key}-items', 'list', value))}, {places})")
                lines.append(f"kfp_truth(task, {quoted(glue.give(f'{key}-true', 'text', value))}, {places})")
        else:
            lines.append(forms.saved(value, glue.give(key, "text", value), source, hint))
            show(glue, key, value, type_, source, hint)
        if loops and not is_artifact(type_):
            lines.append(
                f"kfp_items(task, {quoted(glue.give(f'{key}-items', 'list', value))}, {source}, {quoted(hint)})"
            )
        if value in forms.texts and not inside:
            text = quoted(glue.give(f"{key}-text", "raw", value))
            lines.append(f"kfp_result(task, {text}, kfp_setting({source}, {quoted(hint)}))")
        if (value in forms.truth or loops) and not inside and f"{key}-true" not in glue.outputs:
            lines.append(f"kfp_truth(task, {quoted(glue.give(f'{key}-true', 'text', value))}, {source})")

    def define(self, glue: Glue, scope: Scope, name: str) -> None:
        """Say where the outputs of the task `name` can be had."""
        for key, output in glue.outputs.items():
            handle = replace(output, scope=scope, task=name)
            value = output.label
            form = key.partition("-")[2]
            if form and value:
                self.lowering.extra[value, form] = replace(handle, label=f"{value}_{form}")
            elif value:
                self.lowering.define(value, handle)

    def place(self, glue: Glue, scope: Scope, after: tuple[str, ...]) -> str:
        """Put a small task of pipec's own into `scope`; returns its name."""
        component = self.lowering.parts.container(glue, None, PLAIN)
        name = self.name(glue.name)
        task = scope.add(name, component, glue.inputs, after)
        task.caching_options = caching(PLAIN.policy)
        self.define(glue, scope, name)
        return name

    def name(self, wanted: str) -> str:
        """A task name that no other task of the pipeline has: kfp.local looks outward for outputs by task name."""
        return self.lowering.unique(wanted)

    # --- further forms

    def truth(self, expr: Expr, scope: Scope, after: tuple[str, ...]) -> Handle:
        """The condition as "true" or "false"."""
        if isinstance(expr, Code):  # whether a message is `None`
            return self.lowering.extra[next(iter(expr.inputs.values())), "none"]
        value = expr.value if isinstance(expr, Ref) else ""
        if known := self.known(value, "true", scope):
            return known
        handle = self.near(value, scope) if value else self.lowering.operand(expr)
        glue = Glue(f"is-{handle.label}")
        variable = glue.load(handle.label, handle, opened=False)
        glue.give("Output-true", "text", "")
        glue.lines.append(f'kfp_truth(task, "Output-true", {variable})')
        made = replace(
            glue.outputs["Output-true"], scope=scope, task=self.place(glue, scope, after), label=f"{value}_true"
        )
        self.made[self.at(value, "true", scope)] = made
        return made

    def known(self, value: ValueId, form: str, scope: Scope) -> Handle | None:
        """A further form of `value` that its producer hands out, or that was made in the same DAG and arm."""
        return self.lowering.extra.get((value, form)) or self.made.get(self.at(value, form, scope))

    @staticmethod
    def at(value: ValueId, form: str, scope: Scope) -> tuple[ValueId, str, int, str]:
        """Key of `made`."""
        return (value, form, id(scope), scope.arm.trigger if scope.arm else "")

    def items(self, value: ValueId, scope: Scope, after: tuple[str, ...], stored: bool) -> tuple[Handle, Handle]:
        """What a loop runs over, as a list of parameters (URIs of artifacts), and whether there is anything."""
        if self.known(value, "items", scope) is None:
            handle = self.near(value, scope)
            glue = Glue(f"items-of-{value}")
            hint = quoted(f"the value of {value!r}")
            variable = glue.load(value, handle, opened=False)
            if stored:
                where = "kfp_uris(kfp_where" if handle.kind == "artifact" else "list(kfp_wheres"
                glue.lines[-1] = f"{variable} = {where}(task, {quoted(next(iter(glue.inputs)))}))"
                glue.lines.append(f'kfp_result(task, "Output-items", {variable})')
            else:
                glue.lines.append(f'kfp_items(task, "Output-items", {variable}, {hint})')
            glue.lines.append(f'kfp_truth(task, "Output-true", {variable})')
            glue.give("Output-items", "list", "")  # no label: not what the producer of a value hands out
            glue.give("Output-true", "text", "")
            outputs = dict(glue.outputs)
            name = self.place(glue, scope, after)
            for form in ("items", "true"):
                made = replace(outputs[f"Output-{form}"], scope=scope, task=name, label=f"{value}_{form}")
                self.made[self.at(value, form, scope)] = made
        items, some = self.known(value, "items", scope), self.known(value, "true", scope)
        assert items is not None and some is not None
        return items, some

    def export(
        self,
        value: ValueId,
        handle: Handle,
        scope: Scope,
        form: Literal["text", "uri", "artifact"],
        type_: Type = VALUE,
    ) -> Handle:
        """A small task that hands `handle` on: as text, or stored, or stored with its URI."""
        glue = Glue(f"export-{value}")
        variable = glue.load(value, handle, opened=False)
        if form == "text" and not handle.stored:
            key, hint = glue.give("Output", "text", value), f"the value of {value!r}"
            glue.lines.append(self.forms.saved(value, key, variable, hint))
        else:
            uri = "uri = " if form == "uri" else ""
            glue.lines.append(f'{uri}kfp_store(task, "Output", {variable}, {found_writer(type_)})')
            glue.give("Output", "artifact", value)
            if form == "uri":
                glue.lines.append('kfp_result(task, "Output-uri", uri)')
                glue.give("Output-uri", "text", value)
        component = self.lowering.parts.container(glue, None, PLAIN)
        name = self.name(glue.name)
        scope.add(name, component, glue.inputs, ()).caching_options = caching(PLAIN.policy)
        key = "Output-uri" if form == "uri" else "Output"
        return replace(glue.outputs[key], scope=scope, task=name)

    def artifact_at(self, value: ValueId, uri: Handle, scope: Scope) -> Handle:
        """The artifact at a URI.

        An importer takes no condition, waits for nothing, and finds URIs only among the inputs of its DAG, so it gets a
        DAG of its own inside an arm, and where another task gives the URI.
        """
        lowering = self.lowering
        place = scope
        if scope.arm is not None or (uri.scope is scope and uri.task):
            place = Scope(lowering.reserve(f"import-{value}"))
        name = self.name(f"artifact-{value}")
        place.add(name, lowering.parts.importer(), {"uri": uri}, (), always=True)
        place.tasks[name].caching_options = caching(PLAIN.policy)
        handle = Handle("artifact", value, place, name, "artifact", anew=True)
        if place is not scope:
            place.hand_out(value, handle)
            lowering.close(place, scope, ())
            handle = Handle("artifact", value, scope, place.name, value, anew=True)
        return handle
