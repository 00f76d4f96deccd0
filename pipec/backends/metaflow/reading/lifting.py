"""The method of a step as a plain function: its text with `x` for `self.x`, and everything else as it was."""

from __future__ import annotations

import ast

import libcst as cst

from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.input_loops import EMPTY, InputLoops
from pipec.backends.metaflow.reading.plans import Helper, Lift
from pipec.compiler.pysource.layout import commas, exploded


def lift(function: cst.FunctionDef, plan: Lift) -> str:
    """The text of the function at indentation 0."""
    body = block(function)
    statements = _kept(body, plan)
    doc, rest = _docstring(statements)
    edited = [made for s in rest for made in _rewritten(s, plan)]
    if edited and len(statements) != len(body.body) and statements[0] is not body.body[0] and not doc:
        edited[0] = _at_top(edited[0])
    first = [cst.parse_statement(text) for text in plan.first]
    last: list[cst.BaseStatement] = []
    if plan.outputs:
        made_last = cst.parse_statement(f"return {', '.join(plan.outputs)}")
        last = [_spaced(made_last, body.body[-1] if plan.last_is_next and body.body else None)]
    made = [*doc, *first, *edited, *last] or [cst.parse_statement("pass")]
    new = function.with_changes(
        name=cst.Name(plan.name),
        params=cst.Parameters(),
        whitespace_after_name=cst.SimpleWhitespace(""),
        whitespace_before_params=cst.SimpleWhitespace(""),
        whitespace_before_colon=cst.SimpleWhitespace(""),
        returns=None,
        decorators=[d for d in function.decorators if EMPTY.code_for_node(d.decorator) not in plan.dropped],
        leading_lines=[line for line in function.leading_lines if line.comment is not None]
        if plan.signature is not None
        else [],
        lines_after_decorators=[line for line in function.lines_after_decorators if line.comment is not None],
        body=body.with_changes(body=made),
    )
    text = cst.Module(body=[new]).code.strip("\n")
    return _with_signature(text, plan)


def _kept(body: cst.IndentedBlock, plan: Lift) -> list[cst.BaseStatement]:
    """The statements that stay. What stands above one that does not stands above the next one."""
    kept: list[cst.BaseStatement] = []
    carried: list[cst.EmptyLine] = []
    for statement in body.body:
        above: list[cst.EmptyLine] = list(getattr(statement, "leading_lines", ()))
        if _is_dropped(statement, plan):
            carried += above
            continue
        if above and above[0].comment is None and not any(line.comment for line in carried):
            carried = []
        kept.append(statement.with_changes(leading_lines=[*carried, *above]) if carried else statement)
        carried = []
    return kept


def block(function: cst.FunctionDef) -> cst.IndentedBlock:
    """The body, with each statement on a line of its own where `self.next` shares one."""
    body = function.body
    if isinstance(body, cst.SimpleStatementSuite):
        body = cst.IndentedBlock([cst.SimpleStatementLine(body.body)])
    assert isinstance(body, cst.IndentedBlock)
    lines: list[cst.BaseStatement] = []
    for line in body.body:
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) == 1:
            lines.append(line)
            continue
        for n, part in enumerate(line.body):
            alone = cst.SimpleStatementLine([part.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
            lines.append(alone.with_changes(leading_lines=line.leading_lines) if n == 0 else alone)
    return body.with_changes(body=lines)


def _rewritten(statement: cst.BaseStatement, plan: Lift) -> list[cst.BaseStatement]:
    made = statement.visit(_Rewriter(plan))
    several = list(made) if isinstance(made, cst.FlattenSentinel) else [made]
    return [one for one in several if isinstance(one, cst.BaseStatement)]


def _with_signature(text: str, plan: Lift) -> str:
    arguments = plan.signature
    if arguments is None:
        parts = [f"{name}: {kind}" if kind else name for name, kind in plan.parameters]
        arguments = ", ".join(parts)
    else:
        parts = commas(arguments)
    returns = f" -> {plan.returns}" if plan.returns else ""
    old, new = f"def {plan.name}():", f"def {plan.name}({arguments}){returns}:"
    if len(new) > 120 and "\n" not in new:
        new = "\n".join(exploded(f"def {plan.name}(", parts, f"){returns}:", 0))
    return text.replace(old, new, 1)


def _is_dropped(statement: cst.BaseStatement, plan: Lift) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    code = "; ".join(
        EMPTY.code_for_node(part.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)) for part in statement.body
    )
    return code in plan.dropped or any(
        _is_call(part, plan.self_name, ("next", "merge_artifacts")) for part in statement.body
    )


def _is_call(part: cst.BaseSmallStatement, self_name: str, names: tuple[str, ...]) -> bool:
    match part:
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=attr)))):
            return owner == self_name and attr in names
    return False


def _spaced(statement: cst.BaseStatement, before: cst.BaseStatement | None) -> cst.BaseStatement:
    """The blank line that stood above the transition stands above the `return`."""
    if isinstance(before, cst.SimpleStatementLine) and isinstance(statement, cst.SimpleStatementLine):
        if any(line.comment is None for line in before.leading_lines):
            return statement.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return statement


def _at_top(statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement without blank lines above it."""
    lines = list(getattr(statement, "leading_lines", ()))
    while lines and lines[0].comment is None:
        lines.pop(0)
    return statement.with_changes(leading_lines=lines)


def comments_above(function: cst.FunctionDef) -> list[str]:
    """The comments above a method and its decorators, without `#`."""
    return [line.comment.value.removeprefix("#").strip() for line in function.leading_lines if line.comment is not None]


def comments_of_next(function: cst.FunctionDef, self_name: str) -> list[str]:
    """The comment above `self.next(...)`, without `#`."""
    last = block(function).body[-1]
    if isinstance(last, cst.SimpleStatementLine) and any(_is_call(p, self_name, ("next",)) for p in last.body):
        return [line.comment.value.lstrip("# ") for line in last.leading_lines if line.comment is not None]
    return []


def _docstring(statements: list[cst.BaseStatement]) -> tuple[list[cst.BaseStatement], list[cst.BaseStatement]]:
    """The docstring, one level further to the left, and the rest."""
    match statements:
        case [cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString() as string)]) as line, *rest]:
            lines = string.value.split("\n")
            moved = [lines[0], *(one[4:] if one.startswith("    ") else one for one in lines[1:])]
            new = line.with_deep_changes(string, value="\n".join(moved))
            return [new], list(rest)
    return [], list(statements)


def _inside(body: cst.BaseSuite) -> list[cst.BaseStatement]:
    assert isinstance(body, cst.IndentedBlock)
    return list(body.body)


class _Rewriter(InputLoops):
    def __init__(self, plan: Lift) -> None:
        super().__init__(plan)
        self.hidden = 0
        self.depth = 0
        self.quotes: list[str] = []

    # Nested functions that call something else by the name of the flow.

    def _enter(self, params: cst.Parameters) -> None:
        names = [p.name.value for p in (*params.posonly_params, *params.params, *params.kwonly_params)]
        self.hidden += self.hidden > 0 or self.plan.self_name in names
        self.depth += 1

    def _leave(self) -> None:
        self.hidden = max(0, self.hidden - 1)
        self.depth -= 1

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._enter(node.params)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self._leave()
        return updated_node

    def visit_Lambda(self, node: cst.Lambda) -> None:
        self._enter(node.params)

    def leave_Lambda(self, original_node: cst.Lambda, updated_node: cst.Lambda) -> cst.Lambda:
        self._leave()
        return updated_node

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:
        if self.depth or not self.plan.outputs:
            return updated_node
        made = cst.parse_statement(f"return {', '.join(self.plan.outputs)}")
        assert isinstance(made, cst.SimpleStatementLine) and isinstance(made.body[0], cst.Return)
        return made.body[0]

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.RemovalSentinel:
        return cst.RemoveFromParent() if _is_dropped(original_node, self.plan) else updated_node

    def leave_With(
        self, original_node: cst.With, updated_node: cst.With
    ) -> cst.With | cst.FlattenSentinel[cst.BaseStatement]:
        match original_node.items:
            case [cst.WithItem(item=cst.Call(func=cst.Name(value=name)))] if self.plan.ours.get(name) in (
                ours.FOLDER,
                ours.TELLING,
                ours.WATCHED,
            ):
                return cst.FlattenSentinel(_inside(updated_node.body))
        return updated_node

    def leave_If(self, original_node: cst.If, updated_node: cst.If) -> cst.If | cst.FlattenSentinel[cst.BaseStatement]:
        match original_node.test:
            case cst.UnaryOperation(operator=cst.Not(), expression=cst.Call(func=cst.Name(value=name))) if (
                self.plan.ours.get(name) == ours.REUSE
            ):
                return cst.FlattenSentinel(_inside(updated_node.body))
        return updated_node

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        self.quotes.append(node.end[-1])

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.FormattedString:
        self.quotes.pop()
        return updated_node

    # Attributes and calls.

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        plan, attr = self.plan, original_node.attr.value
        owner = original_node.value
        if isinstance(owner, cst.Name):
            if owner.value == plan.self_name and not self.hidden:
                return self._own(attr, updated_node)
            if owner.value in plan.classes and (attr in plan.helpers or attr in plan.constants):
                return (
                    self._put(plan.constants[attr], updated_node)
                    if attr in plan.constants
                    else self._own(attr, updated_node)
                )
            if owner.value in plan.current_names and attr in plan.current:
                return self._put(plan.current[attr], updated_node)
            for variable, names in reversed(self.elements):
                if owner.value == variable and attr in names:
                    return self._put(names[attr], updated_node)
        if (place := self._place(owner)) is not None and (place, attr) in self._single():
            return self._put(self._single()[(place, attr)], updated_node)
        return updated_node

    def _own(self, attr: str, node: cst.Attribute) -> cst.BaseExpression:
        plan = self.plan
        helper = plan.helpers.get(attr)
        if helper is not None:
            if helper.is_property:
                return self._put(f"{helper.function}({self._extra(helper)})", node)
            if helper.takes_flow or helper.reads:
                return self._put(f"partial({helper.function}, {self._extra(helper)})", node)
            return self._put(helper.function, node)
        return self._put(plan.names[attr], node) if attr in plan.names else node

    def _extra(self, helper: Helper) -> str:
        plan = self.plan
        given = [plan.self_name] if helper.takes_flow else []
        return ", ".join(
            [*given, *(f"{k}={plan.names.get(a, f'{plan.self_name}.{a}')}" for k, a in helper.reads.items())]
        )

    def _put(self, source: str, node: cst.Attribute) -> cst.BaseExpression:
        if self.quotes and source[:1] == self.quotes[-1] == '"':
            source = f"'{source[1:-1]}'"  # before Python 3.12 a string in an f-string has other quotes
        return cst.parse_expression(source).with_changes(lpar=node.lpar, rpar=node.rpar)

    def _single(self) -> dict[tuple[str | int, str], str]:
        return self.plan.gathered.single if self.plan.gathered else {}

    def _place(self, node: cst.BaseExpression) -> str | int | None:
        """`a` of `inputs.a`, 0 of `inputs[0]`."""
        name = self.plan.gathered.name if self.plan.gathered else None
        match node:
            case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=branch)) if owner == name:
                return branch
            case cst.Subscript(
                value=cst.Name(value=owner), slice=[cst.SubscriptElement(slice=cst.Index(value=index))]
            ) if owner == name:
                try:
                    return int(ast.literal_eval(EMPTY.code_for_node(index)))
                except (ValueError, SyntaxError, TypeError):
                    return None
        return None

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        plan = self.plan
        match original_node.func:
            case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=attr)) if (
                owner == plan.self_name and attr in plan.helpers and not plan.helpers[attr].is_property
            ):
                return self._helper_call(plan.helpers[attr], updated_node)
            case cst.Name(value=name) if plan.ours.get(name) in ours.PASSED_ON and len(updated_node.args) == 1:
                return updated_node.args[0].value
            case cst.Name(value="len") if plan.gathered and plan.gathered.count:
                match original_node.args:
                    case [cst.Arg(value=cst.Name(value=name))] if name == plan.gathered.name:
                        return cst.parse_expression(plan.gathered.count)
        return updated_node

    def _helper_call(self, helper: Helper, node: cst.Call) -> cst.Call:
        plan = self.plan
        first = [cst.Arg(cst.Name(plan.self_name))] if helper.takes_flow else []
        last = [
            cst.Arg(
                cst.parse_expression(plan.names.get(attr, f"{plan.self_name}.{attr}")),
                keyword=cst.Name(keyword),
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
            )
            for keyword, attr in helper.reads.items()
        ]
        return node.with_changes(func=cst.Name(helper.function), args=[*first, *node.args, *last])
