"""Conditions, which are CEL, as Python expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+u?)"
    r"|(?P<text>[rR]?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"))"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]]))"
)
COMPARISONS: Mapping[str, type[ast.cmpop]] = {
    "==": ast.Eq, "!=": ast.NotEq, "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "in": ast.In,
}  # fmt: skip
ARITHMETIC: Mapping[str, type[ast.operator]] = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "%": ast.Mod}
WORDS = {"true": True, "false": False, "null": None}
CONVERSIONS = {"int": "NUMBER_INTEGER", "double": "NUMBER_DOUBLE", "string": "STRING", "bool": "BOOLEAN"}
FUNCTIONS = {"int": "int", "double": "float", "string": "str", "bool": "bool", "size": "len"}
LONGEST = 10_000
DEEPEST = 60


class CelError(ValueError):
    """The condition cannot be said in Python; the message says what of it."""


@dataclass(frozen=True)
class Typed:
    """An expression, and the KFP type of its value where that is known."""

    node: ast.expr
    kind: str = ""


Lookup = Callable[[str], Typed]
"""Name of an input -> what it is in the pipeline function."""


def python(condition: str, lookup: Lookup) -> ast.expr:
    """`condition` as Python; raises `CelError`."""
    if len(condition) > LONGEST:
        raise CelError(f"it has {len(condition)} characters")
    return _Parser(condition, lookup).whole()


class _Parser:
    def __init__(self, text: str, lookup: Lookup) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.depth = 0
        self.lookup = lookup

    def whole(self) -> ast.expr:
        found = self._choice()
        if self.at < len(self.tokens):
            raise CelError(f"`{self.tokens[self.at][1]}` is not expected")
        return found.node

    # tokens

    def _peek(self) -> str:
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        return text if kind in ("mark", "name") else ""

    def _take(self, *wanted: str) -> str:
        found = self._peek()
        if found and found in wanted:
            self.at += 1
            return found
        return ""

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise CelError(f"`{wanted}` is missing")

    # from the loosest operator to the tightest

    def _choice(self) -> Typed:
        self.depth += 1
        if self.depth > DEEPEST:
            raise CelError("it is nested too deep")
        found = self._or()
        if self._take("?"):
            chosen = self._or()
            self._expect(":")
            other = self._choice()
            found = Typed(ast.IfExp(found.node, chosen.node, other.node), chosen.kind)
        self.depth -= 1
        return found

    def _or(self) -> Typed:
        return self._joined("||", ast.Or(), self._and)

    def _and(self) -> Typed:
        return self._joined("&&", ast.And(), self._comparison)

    def _joined(self, mark: str, operator: ast.boolop, part: Callable[[], Typed]) -> Typed:
        found = [part()]
        while self._take(mark):
            found.append(part())
        if len(found) == 1:
            return found[0]
        return Typed(ast.BoolOp(operator, [one.node for one in found]), "BOOLEAN")

    def _comparison(self) -> Typed:
        left = self._sum()
        while mark := self._take(*COMPARISONS):
            right = self._sum()
            left = Typed(_compared(left, mark, right), "BOOLEAN")
        return left

    def _sum(self) -> Typed:
        return self._calculated(("+", "-"), self._product)

    def _product(self) -> Typed:
        return self._calculated(("*", "/", "%"), self._unary)

    def _calculated(self, marks: tuple[str, ...], part: Callable[[], Typed]) -> Typed:
        left = part()
        while mark := self._take(*marks):
            right = part()
            if mark in "/%" and "NUMBER_DOUBLE" not in (left.kind, right.kind):
                raise CelError(f"`{mark}` of integers rounds another way than Python")
            operator = ast.Div() if mark == "/" else ARITHMETIC[mark]()
            kind = left.kind if left.kind == right.kind else ""
            left = Typed(ast.BinOp(left.node, operator, right.node), kind)
        return left

    def _unary(self) -> Typed:
        if self._take("!"):
            return Typed(negated(self._unary().node), "BOOLEAN")
        if self._take("-"):
            inner = self._unary()
            return Typed(ast.UnaryOp(ast.USub(), inner.node), inner.kind)
        return self._member()

    def _member(self) -> Typed:
        found = self._primary()
        while mark := self._take(".", "["):
            if mark == ".":
                kind, name = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
                if kind != "name":
                    raise CelError("a name is missing after `.`")
                self.at += 1
                key: ast.expr = ast.Constant(name)
            else:
                key = self._choice().node
                self._expect("]")
            found = Typed(ast.Subscript(found.node, key, ast.Load()))
        return found

    def _primary(self) -> Typed:
        if self.at >= len(self.tokens):
            raise CelError("it ends too early")
        kind, text = self.tokens[self.at]
        if self._take("("):
            found = self._choice()
            self._expect(")")
            return found
        if self._take("["):
            return Typed(ast.List(self._several("]"), ast.Load()), "LIST")
        self.at += 1
        if kind == "number":
            return _number(text)
        if kind == "text":
            return Typed(ast.Constant(_text(text)), "STRING")
        if kind == "name":
            return self._named(text)
        raise CelError(f"`{text}` is not expected")

    def _several(self, end: str) -> list[ast.expr]:
        found: list[ast.expr] = []
        while not self._take(end):
            found.append(self._choice().node)
            if not self._take(","):
                self._expect(end)
                break
        return found

    def _named(self, name: str) -> Typed:
        if name in WORDS:
            return Typed(ast.Constant(WORDS[name]), "BOOLEAN" if name != "null" else "")
        if name == "inputs":
            return self._input()
        if name in FUNCTIONS and self._take("("):
            inner = self._choice()
            self._expect(")")
            return _called(name, inner)
        raise CelError(f"`{name}` is not known")

    def _input(self) -> Typed:
        self._expect(".")
        self._expect("parameter_values")
        self._expect("[")
        kind, text = self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")
        if kind != "text":
            raise CelError("an input is chosen by something that is no text")
        self.at += 1
        self._expect("]")
        return self.lookup(_text(text))


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        token = TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise CelError(f"`{text[at : at + 10].strip()}` is not understood")
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


def _number(text: str) -> Typed:
    if text.rstrip("u").isdigit():
        return Typed(ast.Constant(int(text.rstrip("u"))), "NUMBER_INTEGER")
    return Typed(ast.Constant(float(text)), "NUMBER_DOUBLE")


def _text(token: str) -> str:
    """The value of a literal. Escapes that Python has in the same form."""
    if "`" in token or re.search(r"\\[?0-7XN]", token):
        raise CelError(f"the text {token} has an escape of its own")
    value = ast.literal_eval(token)
    return str(value)


def _called(name: str, inner: Typed) -> Typed:
    if CONVERSIONS.get(name) == inner.kind:
        return inner
    kind = CONVERSIONS.get(name, "NUMBER_INTEGER")
    return Typed(ast.Call(ast.Name(FUNCTIONS[name], ast.Load()), [inner.node], []), kind)


def _compared(left: Typed, mark: str, right: Typed) -> ast.expr:
    """A comparison; with a truth value it is the value itself."""
    if mark in ("==", "!=") and left.kind == "BOOLEAN" and isinstance(right.node, ast.Constant):
        if right.node.value is (mark == "=="):
            return left.node
        if isinstance(right.node.value, bool):
            return negated(left.node)
    if mark in ("==", "!=") and isinstance(right.node, ast.Constant) and right.node.value is None:
        return ast.Compare(left.node, [ast.Is() if mark == "==" else ast.IsNot()], [right.node])
    return ast.Compare(left.node, [COMPARISONS[mark]()], [right.node])


def negated(node: ast.expr) -> ast.expr:
    """The opposite of `node`."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    return ast.UnaryOp(ast.Not(), node)


def conjuncts(node: ast.expr) -> list[ast.expr]:
    """The parts of `a and b and c`."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in conjuncts(value)]
    return [node]
