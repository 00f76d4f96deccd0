"""Loops over the inputs of a join: over lists of what they look at, instead."""

from __future__ import annotations

import ast
import textwrap

import libcst as cst

from pipec.backends.metaflow.reading.plans import Lift
from pipec.backends.metaflow.reading.syntax import bound_names

EMPTY = cst.Module(body=[])


class InputLoops(cst.CSTTransformer):
    """`for i in inputs: use(i.x)` -> `for x in xs: use(x)`, and the same for comprehensions."""

    def __init__(self, plan: Lift) -> None:
        self.plan = plan
        self.elements: list[tuple[str, dict[str, str]]] = []
        """The loops around, innermost last: variable, and what stands for its attributes."""
        self.loops: dict[cst.CSTNode, dict[str, str]] = {}

    def _visit_loop(self, node: cst.CSTNode, target: cst.BaseExpression, iterated: cst.BaseExpression) -> None:
        variable = self._variable(target, iterated)
        if variable is None:
            return
        code = textwrap.dedent(EMPTY.code_for_node(node)).strip()
        tree = ast.parse(code if isinstance(node, cst.For) else f"({code})")
        attrs: list[str] = []
        taken = {*bound_names(tree)} - {variable}
        for one in ast.walk(tree):
            if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
                if one.value.id == variable and one.attr not in attrs:
                    attrs.append(one.attr)
                elif one.value.id == self.plan.self_name:
                    taken.add(self.plan.names.get(one.attr, one.attr))
        names: dict[str, str] = {}
        for attr in attrs:
            name = attr
            while name in taken:
                name = f"{variable}_{attr}" if name == attr else f"{name}_"
            names[attr] = name
            taken.add(name)
        if not names:
            return
        self.loops[node] = names
        self.elements.append((variable, names))

    def _variable(self, target: cst.BaseExpression, iterated: cst.BaseExpression) -> str | None:
        name = self.plan.gathered.name if self.plan.gathered and self.plan.gathered.lists else None
        if name is None:
            return None
        match iterated, target:
            case cst.Name(value=owner), cst.Name(value=variable) if owner == name:
                return variable
            case (
                cst.Call(func=cst.Name(value="enumerate"), args=[cst.Arg(value=cst.Name(value=owner))]),
                cst.Tuple(elements=[_, cst.Element(value=cst.Name(value=variable))]),
            ) if owner == name:
                return variable
        return None

    def _replaced(self, original: cst.CSTNode, loop: cst.For | cst.CompFor) -> cst.For | cst.CompFor:
        """The loop with what it needs of each input."""
        names = self.loops[original]
        self.elements.pop()
        assert self.plan.gathered is not None
        lists = [self.plan.gathered.lists[attr] for attr in names]
        if len(names) == 1:
            target, iterated = next(iter(names.values())), lists[0]
        else:
            target, iterated = ", ".join(names.values()), f"zip({', '.join(lists)})"
        if isinstance(loop.iter, cst.Call):
            assert isinstance(loop.target, cst.Tuple)
            index = EMPTY.code_for_node(loop.target.elements[0].value)
            target = f"{index}, {target}" if len(names) == 1 else f"{index}, ({target})"
            iterated = f"enumerate({iterated})"
        made = cst.parse_statement(f"for {target} in []: pass")
        assert isinstance(made, cst.For)
        return loop.with_changes(target=made.target, iter=cst.parse_expression(iterated))

    def visit_For(self, node: cst.For) -> None:
        self._visit_loop(node, node.target, node.iter)

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.For:
        if self.loops.get(original_node):
            made = self._replaced(original_node, updated_node)
            assert isinstance(made, cst.For)
            return made
        return updated_node

    def _visit_comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp | cst.DictComp) -> None:
        self._visit_loop(node, node.for_in.target, node.for_in.iter)

    def _leave_comprehension(
        self, original: cst.CSTNode, updated: cst.ListComp | cst.GeneratorExp | cst.SetComp | cst.DictComp
    ) -> cst.BaseExpression:
        names = self.loops.get(original)
        if not names:
            return updated
        loop = updated.for_in
        made = updated.with_changes(for_in=self._replaced(original, loop))
        plain = isinstance(updated, cst.ListComp) and not loop.ifs and loop.inner_for_in is None and len(names) == 1
        if plain and isinstance(loop.iter, cst.Name) and isinstance(updated, cst.ListComp):
            (attr, name) = next(iter(names.items()))
            if isinstance(updated.elt, cst.Name) and updated.elt.value == name:
                assert self.plan.gathered is not None
                return cst.Name(self.plan.gathered.lists[attr])
        return made

    def visit_ListComp(self, node: cst.ListComp) -> None:
        self._visit_comprehension(node)

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> None:
        self._visit_comprehension(node)

    def visit_SetComp(self, node: cst.SetComp) -> None:
        self._visit_comprehension(node)

    def visit_DictComp(self, node: cst.DictComp) -> None:
        self._visit_comprehension(node)

    def leave_ListComp(self, original_node: cst.ListComp, updated_node: cst.ListComp) -> cst.BaseExpression:
        return self._leave_comprehension(original_node, updated_node)

    def leave_GeneratorExp(self, original_node: cst.GeneratorExp, updated_node: cst.GeneratorExp) -> cst.BaseExpression:
        return self._leave_comprehension(original_node, updated_node)

    def leave_SetComp(self, original_node: cst.SetComp, updated_node: cst.SetComp) -> cst.BaseExpression:
        return self._leave_comprehension(original_node, updated_node)

    def leave_DictComp(self, original_node: cst.DictComp, updated_node: cst.DictComp) -> cst.BaseExpression:
        return self._leave_comprehension(original_node, updated_node)
