"""What kind of value goes into a container and comes out of it, as far as the DAG file says."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from pipec.backends.airflow.reading.own.dag import Graph, Node
from pipec.backends.airflow.reading.own.functions import constant
from pipec.backends.airflow.reading.own.params import signature

ANY = "int | float | str | bool | list | dict"
"""Where nothing is known."""
ANY_JSON = "int | float | bool | list | dict"
"""The same of a result: a container gives no plain text."""
_PLAIN = frozenset(["int", "float", "str", "bool", "list", "dict", "tuple", "None"])


class Kinds:
    """Annotations for the inputs and outputs of containers."""

    def __init__(self, graph: Graph, plain: dict[str, ast.FunctionDef], params: ast.expr | None) -> None:
        self.graph = graph
        self.plain = plain
        heads = [one.partition("=")[0].strip() for one in signature(params)[0]]
        self.parameters = {name: kind.strip() for name, _, kind in (head.partition(":") for head in heads)}

    def given(self, calls: Iterable[tuple[Node, Node | None, ast.expr]]) -> str:
        """Of an input: the pod, the task that writes its command line, and the value in the words of that."""
        return _either([self._kind(value, line) for _, line, value in calls]) or ANY

    def taken(self, nodes: Iterable[Node]) -> str:
        """Of an output: what the steps that read it ask for."""
        kinds = [kind for node in nodes for kind in self._asked(node, set())]
        return _either([kind for kind in kinds if kind != "str"]) or ANY_JSON

    def _kind(self, value: ast.expr, line: Node | None) -> str:
        match value:
            case ast.Constant():
                return type(value.value).__name__
            case ast.JoinedStr():
                return "str"
            case ast.Dict() | ast.DictComp():
                return "dict"
            case ast.List() | ast.ListComp():
                return "list"
            case ast.Compare():
                return "bool"
            case ast.Name(id=parameter) if line is not None and parameter in line.args:
                return self._of(line.args[parameter], line)
        return ""

    def _of(self, expr: ast.expr, node: Node) -> str:
        """Of an argument in the words of the DAG."""
        match expr:
            case ast.Call(func=ast.Attribute(value=ast.Name("dag"), attr="param"), args=[ast.Constant(value=str(key))]):
                return self.parameters.get(key, "")
            case ast.Constant():
                return type(constant(expr)).__name__
            case ast.Attribute(value=ast.Name(id=variable), attr="output") if variable in node.scope:
                return _either(list(self._asked(node.scope[variable], set())))
            case ast.Name(id=variable) if variable in node.scope:
                function = node.scope[variable].function
                if function is not None and function.user and not function.outputs and not function.caught:
                    return _plain(function.node.returns)
        return ""

    def _asked(self, node: Node, seen: set[Node]) -> Iterable[str]:
        """What those ask for that take the result of `node`."""
        seen.add(node)
        for other in self.graph.every():
            for parameter, expr in other.args.items():
                if not self._is(expr, node, other) or other.function is None:
                    continue
                if other.function.user:
                    given = other.function.node.args
                    every = (*given.posonlyargs, *given.args, *given.kwonlyargs)
                    yield from (_plain(a.annotation) for a in every if a.arg == parameter)
                elif other.is_join and other not in seen:
                    yield from self._asked(other, seen)

    def _is(self, expr: ast.expr, node: Node, reader: Node) -> bool:
        match expr:
            case ast.Name(id=variable) | ast.Attribute(value=ast.Name(id=variable), attr="output"):
                return reader.scope.get(variable) is node
        return False


def _plain(node: ast.expr | None) -> str:
    """An annotation of values; "" for another one."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node is not None else set()
    return ast.unparse(node) if node is not None and names and names <= _PLAIN else ""


def _either(kinds: list[str]) -> str:
    known = dict.fromkeys(kind for kind in kinds if kind and kind != "NoneType")
    special = {kind.partition("[")[0] for kind in known if "[" in kind}
    return " | ".join(kind for kind in known if kind not in special)
