"""Fan-outs: `for` loops that fill collections, and comprehensions; both become a `ForEach` that collects."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pipec.compiler.diagnostics.pipeline import CarriedValue, LooksIntoArtifact, WrongUnpacking
from pipec.compiler.diagnostics.source import NotConstant, UnsupportedExpression, UnsupportedStatement
from pipec.compiler.frontend import expressions, settled, sharing, unrolling
from pipec.compiler.frontend.assigned import assigned, grown, target_names
from pipec.compiler.frontend.callees import has_calls
from pipec.compiler.frontend.collections import Contributions, as_dict, listed, pair, settle
from pipec.compiler.frontend.inference import LooksIntoError, bound_types, element, list_of
from pipec.compiler.frontend.operands import POISON, Carried, Growing, Operand, Part, Unbound, code, const, ref
from pipec.compiler.frontend.values import shown
from pipec.compiler.pysource import rename_free
from pipec.compiler.pysource.text import one_line
from pipec.ir import VALUE, Code, Collect, Const, ForEach, LoopVar, Ref, uses

if TYPE_CHECKING:
    from pipec.compiler.frontend.body import Body


# collections that are being filled


# loops


def loop(body: Body, node: ast.For) -> None:
    """Read a `for` statement."""
    if node.orelse:
        body.report.add(UnsupportedStatement(body.span(node.orelse[0]), "`else` of a loop", "write it after the loop"))
    iterable, limit = _unwrapped(body, node.iter)
    items = body.operand(iterable, "items")
    sharing.share_items(body, iterable, ast.unparse(node.target))
    bound = assigned(node.body)
    if limit is None and unrolling.unroll(body, node, items):
        return
    if limit is None and settled.unroll(body, node, items):
        _unbind(body, node, bound)
        return
    filled = [n for n in grown(node.body) if n not in bound]

    def read(inner: Body) -> Contributions:
        for name in filled:
            for kind in ("list", "dict"):
                if body.growing(name, kind):
                    outside = body.scope.names[name]
                    assert isinstance(outside, Growing)
                    inner.scope.names[name] = replace(outside, parts=(), read=None, open=True)
        flow = inner.statements(node.body)
        if flow.kind in ("returns", "maybe"):
            _refuse_return(body, node)
        found = {n: inner.scope.names.get(n) for n in filled}
        return {n: g.parts for n, g in found.items() if isinstance(g, Growing)}

    made = fan_out(body, node.target, items, read, node, limit, bound)
    for name in filled:
        outer = body.scope.names.get(name)
        if isinstance(outer, Growing) and made is not None and name in made:
            body.scope.names[name] = replace(outer, parts=(*outer.parts, *made[name]))
            settle(body, name)
    _unbind(body, node, bound)


def _unbind(body: Body, node: ast.For, bound: list[str]) -> None:
    """Let the names that a loop binds mean nothing after it."""
    reported = {f.wanted for f in body.report.findings if isinstance(f, CarriedValue)}
    for name in [*bound, *target_names(node.target)]:
        unbound = Unbound("it is bound inside the loop only", body.span(node))
        body.scope.names[name] = POISON if name in reported else unbound


def _refuse_return(body: Body, node: ast.For) -> None:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Return):
            place = body.span(inner)
            body.report.add(UnsupportedStatement(place, "`return` in a loop", "collect in the loop, return after it"))


def comprehension(body: Body, node: ast.ListComp | ast.DictComp, hint: str) -> Operand:
    """A list or dict comprehension with step calls."""
    part = _generator(body, node, 0, hint)
    if part is None or part.operand.poison:
        return POISON
    if isinstance(node, ast.DictComp) and part.many:
        return as_dict(part.operand, part.element, part.clause)
    return part.operand


def _generator(body: Body, node: ast.ListComp | ast.DictComp, i: int, hint: str) -> Part | None:
    generator = node.generators[i]
    last = i == len(node.generators) - 1

    def read(inner: Body) -> Contributions:
        if not last:
            part = _generator(inner, node, i + 1, "")
            return {"": (part,) if part else (Part(POISON),)}
        if isinstance(node, ast.DictComp):
            return {"": (Part(pair(inner, inner.operand(node.key), inner.operand(node.value))),)}
        return {"": (Part(inner.operand(node.elt)),)}

    iterable, limit = _unwrapped(body, generator.iter)
    if any(has_calls(body, c) for c in generator.ifs):
        place = body.span(generator.ifs[0])
        body.report.add(UnsupportedExpression(place, "a step call in a filter", "use a `for` loop with an `if`"))
        return None
    items = _filtered(body, generator, iterable) if generator.ifs else body.operand(iterable, "items")
    if limit is None and i == 0 and (read_alone := settled.comprehension(body, node, items)) is not None:
        return Part(read_alone)
    made = fan_out(body, generator.target, items, read, node, limit, (), hint if last and i == 0 else "")
    return made[""][0] if made is not None else None


def _filtered(body: Body, generator: ast.comprehension, iterable: ast.expr) -> Operand:
    """The items that pass the filter, computed before the fan-out."""
    source = body.as_value(body.operand(iterable, "items"), "items")
    hidden = "items__"
    body.scope.names[hidden] = source
    target = _loaded(generator.target)
    name = ast.copy_location(ast.Name(hidden, ast.Load()), iterable)
    listed = ast.ListComp(target, [ast.comprehension(generator.target, name, generator.ifs, 0)])
    ast.copy_location(listed, iterable)
    for inner in ast.walk(listed):
        if isinstance(inner, ast.expr) and not hasattr(inner, "lineno"):
            ast.copy_location(inner, iterable)
    found = expressions.synthetic(body, listed)
    del body.scope.names[hidden]
    if isinstance(found.expr, Code) and isinstance(source.expr, Ref):
        free = next((f for f, v in found.expr.inputs.items() if v == source.expr.value), source.expr.value)
        inputs = {source.expr.value if f == free else f: v for f, v in found.expr.inputs.items()}
        text = one_line(ast.parse(rename_free(found.expr.source, {free: source.expr.value}), mode="eval").body)
        return code(text, inputs, found.type)
    return found


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body


def _unwrapped(body: Body, node: ast.expr) -> tuple[ast.expr, int | None]:
    """`parallel(xs, limit=4)` as `xs` and 4."""
    target = body.resolver.expression(body.module, node.func) if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or target is None or target.dotted.replace(".authoring", "") != "pipec.parallel":
        return node, None
    limit: int | None = None
    for keyword in node.keywords:
        found = body.operand(keyword.value)
        if keyword.arg == "limit" and found.is_const and isinstance(found.value, int) and found.value > 0:
            limit = found.value
        elif not found.poison and not (keyword.arg == "limit" and found.is_const and found.value is None):
            body.report.add(NotConstant(body.span(keyword.value), f"`{keyword.arg}`", "write a positive number"))
    if len(node.args) != 1:
        body.report.add(UnsupportedExpression(body.span(node), "`parallel()` without items", "write `parallel(xs)`"))
        return ast.copy_location(ast.List([], ast.Load()), node), limit
    return node.args[0], limit


def fan_out(
    body: Body, target: ast.expr, items: Operand, read: Callable[[Body], Contributions], node: ast.AST,
    limit: int | None, bound: tuple[str, ...] | list[str], hint: str = "",
) -> Contributions | None:  # fmt: skip
    """Add a `ForEach`; what its iterations add, as lists of the block around it. `None` after an error."""
    if items.poison:
        _probe(body, target, read)
        return None
    made = _Loop.start(body, target, items, node)
    if made is None:
        return None
    inner = made.inner
    for name in bound:
        if isinstance(inner.scope.names.get(name), (Operand, Growing)) and name not in made.names.values():
            inner.scope.names[name] = Carried(body.span(node))
    contributions = read(inner)
    found = {name: tuple(made.lists(parts, hint)) for name, parts in contributions.items() if parts}
    made.finish(limit)
    return found


def _probe(body: Body, target: ast.expr, read: Callable[[Body], Contributions]) -> None:
    """Read the body of a loop whose items are wrong, for further findings."""
    inner = body.child()
    inner.in_loop, inner.tail = True, False
    inner.scope.names |= dict.fromkeys(target_names(target), POISON)
    read(inner)


class _Loop:
    """One `ForEach` that is being read."""

    def __init__(
        self, body: Body, items: Operand, target: ast.expr, targets: list[LoopVar], names: dict[str, str], node: ast.AST
    ) -> None:
        self.body = body
        self.items = items
        self.target = target
        self.targets = targets
        self.names = names
        """Value id of a loop variable -> the name that the source gives it."""
        self.node = node
        self.collects: dict[str, Collect] = {}
        self.inner = body.child()
        self.inner.in_loop, self.inner.tail = True, False
        for variable in targets:
            self.inner.scope.names[names[variable.id]] = ref(variable.id, variable.type, what=f"`{names[variable.id]}`")

    @staticmethod
    def start(body: Body, target: ast.expr, items: Operand, node: ast.AST) -> _Loop | None:
        item = element(items.type)
        if item is None:
            what = items.what or "what the loop goes over"
            body.report.add(
                LooksIntoArtifact(body.span(target), what, getattr(items.type, "annotation", ""), items.producer)
            )
            return None
        if items.is_const:
            try:
                items = const(list(items.value))
            except TypeError:
                body.report.add(
                    UnsupportedExpression(body.span(target), f"a loop over {shown(items.value)}", "loop over a list")
                )
                return None
            if not _unpacks(body, target, items.value):
                return None
        try:
            types = bound_types(target, item)
        except LooksIntoError as error:
            body.report.add(
                LooksIntoArtifact(body.span(target), "the item", getattr(error.type, "annotation", ""), items.producer)
            )
            return None
        names: dict[str, str] = {}
        targets: list[LoopVar] = []
        for name, path in _paths(body, target):
            id_ = body.value(name, types.get(name, VALUE))
            names[id_] = name
            targets.append(LoopVar(id=id_, path=path, type=types.get(name, VALUE)))
        return _Loop(body, items, target, targets, names, node)

    def lists(self, parts: tuple[Part, ...], hint: str) -> Iterator[Part]:
        """What all iterations together add, in order."""
        if len(parts) == 1 and not parts[0].many:
            yield self._list(parts[0].operand, hint)
            return
        per_iteration = listed(self.inner, parts)
        if per_iteration.poison:
            yield Part(POISON, many=True)
            return
        found = self._list(per_iteration, "")
        type_ = list_of(element(per_iteration.type) or VALUE)
        if found.clause:
            text = f"[item {found.clause} for item in {self._named(per_iteration)}]"
            assert isinstance(found.operand.expr, Code)
            yield Part(code(text, found.operand.expr.inputs, type_), many=True)
        elif isinstance(found.operand.expr, Ref):
            id_ = found.operand.expr.value
            yield Part(code(f"[item for items in {id_} for item in items]", {id_: id_}, type_), many=True)
        else:
            yield Part(const([v for items in found.operand.value for v in items]), many=True)

    def _list(self, operand: Operand, hint: str) -> Part:
        """The list of one operand of the body over all iterations."""
        if operand.poison:
            return Part(POISON, many=True)
        used = uses(operand.expr)
        made = [v for v in used if v not in self.names and v in self._defined()]
        if isinstance(operand.expr, Ref) and made:
            return Part(self._collect(made[0], hint or self._plural(made[0])), many=True)
        if self.items.is_const and operand.is_const:
            return Part(const([operand.value] * len(self.items.value)), many=True)
        rows: list[tuple[str, str]] = []
        inputs: dict[str, str] = {v: v for v in used if v not in self.names and v not in made}
        if len(made) < 1 or any(v in self.names for v in used):
            text, more = self._items_text()
            rows.append((ast.unparse(self.target).strip("()"), text))
            inputs |= more
        for value in made:
            whole = self._collect(value, self._plural(value))
            assert isinstance(whole.expr, Ref)
            rows.append((value, whole.expr.value))
            inputs[whole.expr.value] = whole.expr.value
        clause = _clause(rows)
        element_ = self._named(operand)
        item = Operand(operand.expr, operand.type, elements=_renamed_elements(operand, self.names))
        return Part(code(f"[{element_} {clause}]", inputs, list_of(operand.type)), True, clause, item)

    def _plural(self, value: str) -> str:
        if value[-1] == "s" or value[-1].isdigit():
            return "_by_".join([value, *self.names.values()])
        return f"{value}s"

    def _named(self, operand: Operand) -> str:
        return rename_free(expressions.own_text(operand), {v: n for v, n in self.names.items() if v != n})

    def _items_text(self) -> tuple[str, dict[str, str]]:
        self.items = self.body.as_value(self.items, "items", self.node)
        if isinstance(self.items.expr, Const):
            return self.items.expr.source, {}
        assert isinstance(self.items.expr, Ref)
        return self.items.expr.value, {self.items.expr.value: self.items.expr.value}

    def _defined(self) -> set[str]:
        from pipec.ir.graph import defines

        return {v for n in self.inner.nodes for v in defines(n)} | {
            o.id for n in self.inner.nodes for o in self.body.reading.fields.get(n.id, [])
        }

    def _collect(self, value: str, hint: str) -> Operand:
        if value not in self.collects:
            type_ = list_of(self.body.type_of(value))
            id_ = self.body.value(hint, type_)
            self.collects[value] = Collect(id=id_, value=value, type=type_)
        collect = self.collects[value]
        return ref(collect.id, collect.type, what=f"`{collect.id}`")

    def finish(self, limit: int | None) -> None:
        """Put the node into the block."""
        nodes = self.body.reading.nodes
        made = ForEach(
            id=nodes.fresh(f"for_{'_'.join(self.names.values())}"), items=self.items.expr, items_type=self.items.type,
            targets=tuple(self.targets), body=self.inner.block(), outputs=tuple(self.collects.values()), limit=limit,
            iterations=self.body.iterations, span=self.body.span(self.node),
        )  # fmt: skip
        if self.inner.nodes or isinstance(made.items, Code):  # what it goes through may fail
            self.body.nodes.append(made)


def _renamed_elements(operand: Operand, names: dict[str, str]) -> tuple[Operand, ...] | None:
    if operand.elements is None:
        return None
    renames = {v: n for v, n in names.items() if v != n}
    return tuple(
        code(rename_free(expressions.own_text(e), renames), {}, e.type) if not e.is_const else e
        for e in operand.elements
    )


def _clause(rows: list[tuple[str, str]]) -> str:
    if len(rows) == 1:
        return f"for {rows[0][0]} in {rows[0][1]}"
    targets = ", ".join(f"({t})" if "," in t else t for t, _ in rows)
    return f"for {targets} in zip({', '.join(s for _, s in rows)})"


def _paths(body: Body, target: ast.expr, path: tuple[int, ...] = ()) -> Iterator[tuple[str, tuple[int, ...]]]:
    match target:
        case ast.Name():
            yield target.id, path
        case ast.Tuple() | ast.List():
            for i, inner in enumerate(target.elts):
                yield from _paths(body, inner, (*path, i))
        case _:
            what = f"the loop target `{ast.unparse(target)}`"
            body.report.add(UnsupportedStatement(body.span(target), what, "use plain names"))


def _unpacks(body: Body, target: ast.expr, items: list[object]) -> bool:
    if not isinstance(target, (ast.Tuple, ast.List)):
        return True
    for item in items:
        size = len(item) if isinstance(item, (tuple, list, str, dict)) else None
        if size != len(target.elts):
            got = f"{size} values" if size is not None else f"the single value {shown(item)}"
            body.report.add(WrongUnpacking(body.span(target), len(target.elts), got))
            return False
    return True
