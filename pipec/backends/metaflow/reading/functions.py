"""The functions that steps and helper methods become."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import libcst as cst

from pipec.backends.metaflow.reading import kinds, ours
from pipec.backends.metaflow.reading.flows import Flow, Member
from pipec.backends.metaflow.reading.input_loops import EMPTY
from pipec.backends.metaflow.reading.joins import Wanted
from pipec.backends.metaflow.reading.lifting import lift
from pipec.backends.metaflow.reading.model import Call, Indexed, Item, Known, Made, Merged, Value
from pipec.backends.metaflow.reading.plans import Gathered, Helper, Lift
from pipec.backends.metaflow.reading.steps import HelperInfo, StepInfo
from pipec.backends.metaflow.reading.syntax import attribute_of, bound_names, plural
from pipec.backends.metaflow.reading.wiring import Wiring


@dataclass
class Functions:
    """Makes the functions of one flow; `names` and `imports` say what they need of the module."""

    flow: Flow
    wiring: Wiring
    names: dict[str, str]
    """Step or helper -> its function."""
    constants: dict[str, str]
    """Class constant -> its name in the module."""
    types: dict[str, str]
    """Parameter of the flow -> annotation."""
    copies: frozenset[tuple[str, str]] = frozenset()
    """(Step, artifact) that it changes in place and that others need as it was."""
    module_names: frozenset[str] = frozenset()
    imports: set[str] = field(default_factory=set)
    kept_current: dict[str, ast.AST] = field(default_factory=dict)
    """Step -> a use of `current` that only Metaflow understands."""
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    """Step -> artifact -> the parameter of its function that stands for it."""

    # Names.

    def local(self, attr: str, taken: Iterable[str]) -> str:
        """What an attribute of the flow is called in a function that has `taken` already."""
        name = attr
        while name in taken:
            name = f"self_{attr}" if name == attr else f"{name}_"
        return name

    def helper(self, info: HelperInfo) -> Helper:
        """How a helper is called."""
        own = self._artifacts(info)
        return Helper(
            self.names[info.member.name],
            {self.local(a, self._helper_taken(info)): a for a in own} if not info.takes_flow else {},
            info.takes_flow,
            info.is_property,
        )

    def _artifacts(self, info: HelperInfo) -> list[str]:
        return sorted(a for a in info.reads if a not in self.flow.constants or a in self.wiring.infos.written)

    def _helper_taken(self, info: HelperInfo) -> set[str]:
        node = info.member.function
        names = {n for one in node.body for n in bound_names(one)} | set(bound_names(node.args))
        return names - {info.member.self_name}

    def outputs(self, step: str) -> list[str]:
        """The artifacts of a step that something needs, in the order in which it sets them."""
        info = self.wiring.infos.steps[step]
        calls = self.wiring.calls.get(step, [])
        return [n for n in info.writes if any(n in call.outputs and call.outputs[n].used for call in calls)]

    # Functions.

    def helper_text(self, info: HelperInfo) -> str:
        """A helper method as a function."""
        member = info.member
        function = member.file.method(member.owner, member.name)
        own = self.helper(info)
        plan = Lift(self.names[member.name], "" if info.is_static else member.self_name)
        plan.helpers = {name: self.helper(other) for name, other in self.wiring.infos.helpers.items()}
        plan.keeps_flow = own.takes_flow
        plan.classes = frozenset({self.flow.name, member.owner})
        plan.constants = self._constants(member)
        plan.names = {**self._constants(member), **({} if own.takes_flow else {a: k for k, a in own.reads.items()})}
        plan.signature = self._signature(function, info, list(own.reads))
        plan.last_is_next = False
        plan.returns = EMPTY.code_for_node(function.returns.annotation) if function.returns else ""
        plan.dropped = frozenset(("staticmethod", "classmethod", "property"))
        return lift(function, plan)

    def _signature(self, function: cst.FunctionDef, info: HelperInfo, more: list[str]) -> str:
        """The parameters of a helper without the flow, and with what it reads of it."""
        params = function.params
        if not info.is_static:
            rest = params.params[1:] if params.params else params.params
            posonly = params.posonly_params[1:] if params.posonly_params else params.posonly_params
            changed = {"posonly_params": posonly} if params.posonly_params else {"params": rest}
            params = params.with_changes(**changed)
        text = EMPTY.code_for_node(params).strip().rstrip(",")
        if "#" not in text and '"""' not in text:
            text = re.sub(r"\s*\n\s*", " ", text)
        if info.usage and self.helper(info).takes_flow:
            return f"{info.member.self_name}, {text}" if text else info.member.self_name
        if not more:
            return text
        star = "" if params.kwonly_params or isinstance(params.star_arg, cst.Param) else "*, "
        if params.star_kwarg is not None:
            head, _, tail = text.rpartition("**")
            return f"{head}{star}{', '.join(more)}, **{tail}"
        return f"{text}, {star}{', '.join(more)}" if text else f"*, {', '.join(more)}"

    def _constants(self, member: Member) -> dict[str, str]:
        return {name: self.constants[name] for name in self.flow.constants if name not in self.wiring.infos.written}

    def step_text(self, step: str) -> str:
        """A step as a function."""
        info = self.wiring.infos.steps[step]
        member = info.member
        function = member.file.method(member.owner, step)
        plan = Lift(self.names[step], member.self_name, last_is_next=bool(self._next(member)))
        plan.helpers = {name: self.helper(other) for name, other in self.wiring.infos.helpers.items()}
        plan.keeps_flow = info.keeps_flow
        plan.ours = member.file.helpers
        plan.classes = frozenset({self.flow.name, member.owner})
        plan.constants = self._constants(member)
        plan.current_names = frozenset(n for n, w in member.file.imported.names.items() if w == "current")
        plan.dropped = self._dropped(member, info)
        self._name_parameters(step, info, plan)
        outputs = self.outputs(step)
        self._name_outputs(step, info, plan, outputs)
        plan.returns = self._returns(step, info, outputs)
        return lift(function, plan)

    def _next(self, member: Member) -> bool:
        last = member.function.body[-1]
        return isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and (
            attribute_of(last.value.func, member.self_name) == "next"
        )  # fmt: skip

    def _dropped(self, member: Member, info: StepInfo) -> frozenset[str]:
        """The texts of decorators that became settings, and of imports that nothing needs."""
        decorators = {
            EMPTY.code_for_node(d.decorator)
            for d, node in zip(member.file.method(member.owner, member.name).decorators, member.function.decorator_list)
        }
        imports = {"from metaflow import current"} if all(c in CURRENT_KNOWN for c in info.usage.current) else set()
        same = {f"{member.self_name}.{name} = {member.self_name}.{source}" for name, source in info.same.items()}
        again = {f"{name} = {member.self_name}.{name}" for name in info.again}
        return frozenset(decorators | imports | same | again)

    def _name_parameters(self, step: str, info: StepInfo, plan: Lift) -> None:
        signature = self.wiring.signatures[step]
        taken = info.taken - info.again
        names: dict[str, str] = {}
        for attr in dict.fromkeys((*signature.reads, *info.writes)):
            names[attr] = self.local("item" if attr == "input" else attr, taken)
            taken.add(names[attr])
        call = self.wiring.calls[step][0]
        if "input" in signature.reads and "input" not in info.same.values():
            value = call.arguments[signature.reads.index("input")]
            old = names.pop("input")
            names["input"] = self.local(value.hint if isinstance(value, Item) else "item", taken - {old})
            taken.add(names["input"])
        for name, source in info.same.items():
            names[source] = names[name]
        self.parameters[step] = {attr: names[attr] for attr in signature.reads}
        given = [self._kind(value) for value in call.arguments]
        plan.parameters = [(names[attr], kind) for attr, kind in zip(signature.reads, given)]
        if signature.wanted or info.inputs is not None:
            plan.gathered = self._inputs(step, info, signature.wanted, taken, plan)
        current: dict[str, str] = {}
        for attr in signature.current:
            current[attr] = self.local(attr, taken)
            plan.parameters.append((current[attr], "str" if attr == "run_id" else "int"))
        for attr, node in info.usage.current.items():
            if attr in ("step_name", "flow_name"):
                current[attr] = f'"{step if attr == "step_name" else self.flow.name}"'
            elif attr not in current:
                self.kept_current[step] = node
        plan.current = current
        plan.names = {**self._constants(info.member), **({} if plan.keeps_flow else names)}
        if plan.keeps_flow:
            self.wiring.notes.setdefault(step, []).append(
                "its artifacts are those of an object that stands for the flow"
            )
            self.imports.add("from types import SimpleNamespace")
            artifacts = ", ".join(f"{attr}={names[attr]}" for attr in signature.reads)
            plan.first.append(f"{plan.self_name} = SimpleNamespace({artifacts})")
            plan.names = self._constants(info.member)
        for attr in signature.reads:
            if (step, attr) in self.copies:
                self.imports.add("from copy import deepcopy")
                plan.first.insert(0, f"{names[attr]} = deepcopy({names[attr]})")
        self._locals = names

    def _name_outputs(self, step: str, info: StepInfo, plan: Lift, outputs: list[str]) -> None:
        reads = self.wiring.signatures[step].reads
        for attr in outputs:
            certain = attr in info.usage.certain or attr in reads
            if plan.keeps_flow:
                own = f"{plan.self_name}.{attr}"
                plan.outputs.append(own if certain else f'getattr({plan.self_name}, "{attr}", None)')
            else:
                plan.outputs.append(self._locals[attr])
                if not certain:
                    plan.first.append(f"{self._locals[attr]} = None")

    def _kind(self, value: Value) -> str:
        """The annotation of a parameter, where it is certain."""
        if isinstance(value, Known):
            return self.types.get(value.source, "")
        if isinstance(value, Made) and value.call is not None and value.artifact != "@error":
            kind = self.annotation(value.call.step, value.artifact)
            return "" if kind == kinds.ARTIFACT else kind
        if isinstance(value, Item) and value.loop is not None and value is value.loop.item:
            whole = self._kind(value.loop.over)
            return kinds.element(whole) if whole else ""
        if isinstance(value, Item):
            return "int"
        if isinstance(value, (Merged, Indexed)):
            return ""
        return ""

    def annotation(self, step: str, artifact: str) -> str:
        """What a step says that an artifact is."""
        info = self.wiring.infos.steps[step]
        demanded = self.wiring.demands.get((step, artifact))
        if artifact in info.usage.changed:
            return demanded or kinds.ARTIFACT
        values = info.usage.values.get(artifact, [None])
        inferred = kinds.of_all(values) or self._said(info.member, values)
        if inferred is not None and artifact not in info.usage.certain:
            inferred = None
        return inferred or demanded or kinds.ARTIFACT

    def _said(self, member: Member, values: list[ast.expr | None]) -> str | None:
        """What the function of the user's says that pipec has made an artifact of: that is how its result travels."""
        value = values[0]
        if not member.file.is_ours or len(values) > 1:
            return None
        match value:
            case ast.Call(func=ast.Name(id=name), args=[inner]) if member.file.helpers.get(name) in ours.PASSED_ON:
                value = inner
        match value:
            case ast.Call(func=ast.Name(id=name)) if name not in member.file.helpers:
                for node in member.file.tree.body:
                    if isinstance(node, ast.FunctionDef) and node.name == name and not node.decorator_list:
                        return ast.unparse(node.returns) if node.returns is not None else None
        return None

    def _returns(self, step: str, info: StepInfo, outputs: list[str]) -> str:
        several = [self.annotation(step, name) for name in outputs]
        if not several:
            return ""
        if len(several) == 1:
            return "" if several[0] == kinds.ARTIFACT else several[0]
        return f"tuple[{', '.join(several)}]"

    # Joins.

    def _inputs(self, step: str, info: StepInfo, wanted: list[Wanted], taken: set[str], plan: Lift) -> Gathered:
        name = info.member.inputs_name
        assert name is not None and info.inputs is not None
        made = Gathered(name)
        called = self.wiring.calls[step][0]
        values = called.arguments[len(self.wiring.signatures[step].reads) :]
        whole = bool(info.inputs.whole)
        single: dict[Wanted, str] = {}
        for one, value in zip(wanted, values):
            local = self._input_name(one, wanted, taken | {name}, value)
            taken.add(local)
            single[one] = local
            plan.parameters.append((local, self._input_kind(one, value)))
            if one.kind == "all":
                made.lists[one.attr] = local
            elif one.kind in ("branch", "at"):
                made.single[(one.key, one.attr)] = local
        for use in info.inputs.wanted:
            if use.kind in ("branch", "at") and use not in single and use.attr in made.lists:
                index = use.key if isinstance(use.key, int) else 0
                made.single[(use.key, use.attr)] = f"{made.lists[use.attr]}[{index}]"
        if whole:
            self._namespace(info, plan, made, single)
        elif info.inputs.counted:
            lists = [*made.lists.values(), *(n for w, n in single.items() if w.kind == "items")]
            made.count = f"len({lists[0]})" if lists else str(self._branches(step))
        return made

    def _branches(self, step: str) -> int:
        return self.wiring.branch_counts.get(step, 1)

    def _input_name(self, one: Wanted, wanted: list[Wanted], taken: set[str], value: Value) -> str:
        if one.kind == "items":
            return self.local(value.hint or "items", taken)
        if one.kind == "all":
            name = plural(one.attr)
            return name if name not in taken else self.local(f"all_{one.attr}", taken)
        several = sum(w.attr == one.attr for w in wanted) > 1
        wished = one.attr
        if several or one.attr in taken:
            wished = f"{one.key}_{one.attr}" if one.kind == "branch" else f"{one.attr}_{one.key}"
        return self.local(wished, taken)

    def _input_kind(self, one: Wanted, value: Value) -> str:
        return self._kind(value) if one.kind in ("branch", "at") else ""

    def _namespace(self, info: StepInfo, plan: Lift, made: Gathered, single: dict[Wanted, str]) -> None:
        """The inputs as objects with the attributes that the join may look at."""
        self.imports.add("from types import SimpleNamespace")
        step = info.member.name
        if made.lists:
            names = ", ".join(f"{attr}={attr}" for attr in made.lists)
            attrs, lists = ", ".join(made.lists), ", ".join(made.lists.values())
            each = f"for {attrs} in {lists}" if len(made.lists) == 1 else f"for {attrs} in zip({lists})"
            text = f"[SimpleNamespace({names}) {each}]"
            if len(text) > 100:
                text = f"[\n    SimpleNamespace({names})\n    {each}\n]"
        elif items := [n for w, n in single.items() if w.kind == "items"]:
            text = f"[SimpleNamespace() for _ in {items[0]}]"
        else:
            parts = []
            for n in range(self._branches(step)):
                own = ", ".join(f"{w.attr}={local}" for w, local in single.items() if w.key == n)
                parts.append(f"SimpleNamespace({own})")
            text = f"[{', '.join(parts)}]"
        plan.first.append(f"{made.name} = {text}")
        made.lists, made.single = {}, {}
        self.wiring.notes.setdefault(step, []).append("its inputs are objects made of lists")


CURRENT_KNOWN = ("run_id", "retry_count", "step_name", "flow_name")
BUILTINS = frozenset(dir(builtins))


def calls_of(wiring: Wiring) -> list[Call]:
    """All calls, in the order of the text."""
    return sorted((c for calls in wiring.calls.values() for c in calls), key=lambda c: c.place.at)
