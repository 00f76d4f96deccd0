"""Tasks that call a step, and checks, as statements."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading.own.attempts import Attempts
from pipec.backends.airflow.reading.own.blocks import Choice
from pipec.backends.airflow.reading.own.dag import Node
from pipec.backends.airflow.reading.own.functions import calls_user, constant, dotted
from pipec.backends.airflow.reading.own.glue import Expr, name, substituted
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.pysource.negate import negated
from pipec.compiler.units import duration


class Steps(Attempts):
    """Writes what calls a step."""

    def branch(self, node: Node) -> None:
        """A condition of the DAG."""
        assert node.function is not None
        if (call := self.call(node, self.given(node))) is not None:  # a step that short-circuits the DAG itself
            self.choice(node, self.assign(node, self.variable(node), call))
            return
        match node.function.node.body:
            case [ast.Return(value=ast.IfExp(test=test))]:
                pass
            case [ast.Return(value=ast.Call(func=ast.Name("bool"), args=[test]))]:
                pass
            case _:
                raise Unknown(node.stmt, "how this branch chooses is not understood")
        self.choice(node, substituted(test, self.given(node)))

    def choice(self, node: Node, test: Expr) -> None:
        """Begin an `if`."""
        choice = Choice(test, node)
        self.block(node).items.append(choice)
        self.choices[node] = choice

    def sensor(self, node: Node) -> None:
        """`wait_for(...)`."""
        assert node.function is not None
        options = node.function.options
        match node.function.node.body:
            case [ast.Return(value=ast.Call(func=ast.Name("arrived"), args=[uri]))]:
                call = ast.Call(name("wait_for"), [substituted(uri, self.given(node))], [])
            case _:
                raise Unknown(node.stmt, "what this sensor waits for is not known")
        for word, option in (("every", "poke_interval"), ("timeout", "timeout")):
            if option in options:
                call.keywords.append(ast.keyword(word, ast.Constant(duration(seconds(options[option])))))
        self.add(node, ast.Expr(call))

    def call(self, node: Node, given: dict[str, Expr]) -> ast.Call | None:
        """The call of a step; `None` for glue."""
        function = node.function
        assert function is not None
        if not function.user:
            inner = calls_user(function.node, set(self.plain))
            if inner is None:
                return None
            self.called[node] = dotted(inner.func)
            made = substituted(inner, given)
            assert isinstance(made, ast.Call)
            self.calls[node] = made
            return made
        self.called[node] = function.name
        call = ast.Call(name(function.name), [], [])
        signature = function.node.args
        positional = [a.arg for a in (*signature.posonlyargs, *signature.args)]
        for parameter, value in given.items():
            by_place = len(call.args) < len(positional) and positional[len(call.args)] == parameter
            if not call.keywords and (by_place or parameter.startswith("*")):
                call.args.append(value)
            else:
                call.keywords.append(ast.keyword(parameter, value))
        self.calls[node] = call
        return call

    def write_call(self, node: Node, call: ast.Call) -> None:
        """Write the call of a step, and say what its results are called."""
        assert node.function is not None
        outputs = node.function.outputs
        if outputs:
            for key, value in self.parts(node, call, outputs).items():
                self.values[node, key] = value
        elif node.function.caught:
            self.values[node, ""] = call
        elif node.function.discards and not self.is_read(node):
            self.add(node, ast.Expr(call))
        else:
            self.values[node, ""] = self.assign(node, self.variable(node), call)

    def parts(self, node: Node, call: Expr, outputs: dict[str, int | str | None]) -> dict[str, Expr]:
        """Write a call with several outputs. Output -> what stands for it."""
        count = arity(self.plain[self.called[node]])
        if count is None or not all(isinstance(where, int) for where in outputs.values()):
            whole = self.assign(node, next((k for k, w in outputs.items() if w is None), self.variable(node)), call)
            return {key: _part(whole, where) for key, where in outputs.items()}
        by_index = {where: key for key, where in outputs.items()}
        names = [self.names.new(by_index.get(i, "_")) for i in range(count)]
        targets: list[Expr] = [ast.Name(n.id, ast.Store()) for n in names]
        self.add(node, ast.Assign([ast.Tuple(targets, ast.Store())], call))
        return {key: names[where] for key, where in outputs.items() if isinstance(where, int)}

    def raises(self, node: Node, body: list[ast.stmt], given: dict[str, Expr]) -> bool:
        """`assert`, and `raise PipelineFailed`."""
        test: ast.expr | None = None
        match body:
            case [ast.If(test=condition, body=[ast.Raise(exc=ast.Call(args=args) as failed)], orelse=[])]:
                test = condition
            case [ast.Raise(exc=ast.Call(args=args) as failed)]:
                pass
            case _:
                return False
        if dotted(failed.func) != "AirflowFailException":
            raise Unknown(node.stmt, "what this task raises is not known")
        message = substituted(args[0], given) if args else ast.Constant("")
        if test is None:
            self.add(node, ast.Raise(ast.Call(name("PipelineFailed"), [message], [])))
        else:
            self.add(node, ast.Assert(negated(substituted(test, given)), message))
        return True

    def test(self, node: Node, body: list[ast.stmt], given: dict[str, Expr]) -> bool:
        """A check in a mapped group, that tasks look at."""
        assert node.function is not None
        match body:
            case [ast.Return(value=value)] if value is not None:
                test = substituted(value, given)
            case _:
                raise Unknown(node.stmt, "this condition is not understood")
        match test:
            case ast.Call(func=ast.Name("bool"), args=[inner]) if node.function.name.startswith("check_"):
                self.values[node, ""] = test
                test = inner
            case _:
                test = self.values[node, ""] = self.assign(node, self.variable(node), test)
        self.choice(node, test)
        return True


def arity(function: ast.FunctionDef) -> int | None:
    """How many elements the tuple has that `function` promises."""
    match function.returns:
        case ast.Subscript(value=ast.Name("tuple" | "Tuple"), slice=ast.Tuple(elts=elts)):
            return None if any(isinstance(e, ast.Constant) and e.value is ... for e in elts) else len(elts)
    return None


def seconds(node: Expr) -> float:
    """The seconds of `timedelta(...)`, or of a number."""
    match node:
        case ast.Call(func=ast.Name("timedelta"), keywords=[ast.keyword(arg=str(unit), value=amount)], args=[]):
            factor = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}.get(unit)
            if factor is not None:
                return float(constant(amount)) * factor  # type: ignore[arg-type]
    value = constant(node)
    if isinstance(value, (int, float)):
        return float(value)
    raise Unknown(node, "it is no time")


def _part(whole: ast.Name, where: int | str | None) -> Expr:
    if where is None:
        return whole
    if isinstance(where, int):
        return ast.Subscript(whole, ast.Constant(where), ast.Load())
    return ast.Attribute(whole, where, ast.Load())
