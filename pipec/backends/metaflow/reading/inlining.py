"""Steps of flows that pipec has written, as the statements that they were made of.

A step of a hand-written flow becomes a function of its own. What pipec writes into a step is one call of a function
of the user's, and expressions of the pipeline: the function is the step again, and the expressions stand in the body
of the pipeline, wherever that can be.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.flows import File, Member
from pipec.backends.metaflow.reading.functions import Functions
from pipec.backends.metaflow.reading.model import Call, use
from pipec.backends.metaflow.reading.naming import source
from pipec.backends.metaflow.reading.settings import StepSettings, written
from pipec.compiler.pysource.text import double_quoted
from pipec.compiler.reading import Asked, constants, policy_of


@dataclass
class Inlined:
    """The body of one step."""

    parameters: list[str]
    statements: list[ast.Assign | ast.Expr]
    outputs: list[str]
    """What the function returns, in the order of the artifacts."""
    function: str = ""
    """The user's function that it calls; "" where it calls none."""

    def written(self, call: Call, artifacts: list[str]) -> list[str] | None:
        """The statements for one call; `None` where they cannot stand in its place."""
        given = dict(zip(self.parameters, map(source, call.arguments)))
        wanted = {}
        for name, artifact in zip(self.outputs, artifacts):
            value = call.outputs.get(artifact)
            if value is not None and value.used:
                wanted[name] = value.variable
        done = call.outputs.get("@done")
        ended = done.variable if done is not None and done.used and not wanted else ""
        if ended and not any(isinstance(one, ast.Expr) for one in self.statements):
            return None
        found: list[str] = []
        for n, statement in enumerate(self.statements):
            later = Counter(name for one in self.statements[n + 1 :] for name in _read(one))
            if (passing := self._passing(statement, given, wanted, later)) is not None:
                given |= passing
                continue
            text = self._one(statement, given, wanted, later)
            if text is None:
                return None
            if text:
                found.append(f"{ended} = {text}" if ended and isinstance(statement, ast.Expr) else text)
            given |= {name: variable for name, variable in wanted.items() if name in _bound(statement)}
        return found

    def _passing(
        self, statement: ast.Assign | ast.Expr, given: Mapping[str, str], wanted: Mapping[str, str], later: Counter[str]
    ) -> dict[str, str] | None:
        """An expression that only a later statement of the step reads, once: it stands there."""
        values = _Values(given)
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in wanted and not self._calls(
                statement
            ):
                if _hidden(value) & values.names or not (
                    later[name] == 1 or isinstance(value, (ast.Name, ast.Constant))
                ):
                    return None
                return {name: ast.unparse(values.visit(copy.deepcopy(value)))} if later[name] else None
        return None

    def _one(
        self, statement: ast.Assign | ast.Expr, given: Mapping[str, str], wanted: Mapping[str, str], later: Counter[str]
    ) -> str | None:
        values = _Values(given)
        if _hidden(statement.value) & values.names:
            return None
        value = double_quoted(ast.unparse(values.visit(copy.deepcopy(statement.value))))
        if isinstance(statement, ast.Expr):
            return value
        bound = _bound(statement)
        if any(name in later and name not in wanted for name in bound):
            return None
        if not any(name in wanted for name in bound):
            if self.function and self._calls(statement):
                return value
            return "" if _cannot_fail(statement.value) else f"_ = {value}"
        targets = ", ".join(wanted.get(name, "_") for name in bound)
        return "" if targets == value else f"{targets} = {value}"

    @property
    def call(self) -> ast.Call:
        """The call of its function."""
        values = (one.value for one in self.statements if self._calls(one))
        return next(value for value in values if isinstance(value, ast.Call))

    def _calls(self, statement: ast.Assign | ast.Expr) -> bool:
        return isinstance(statement.value, ast.Call) and ast.unparse(statement.value.func) == self.function


def prepared(functions: Functions, settings: Mapping[str, StepSettings]) -> frozenset[str]:
    """The steps that are expressions of the pipeline, and no tasks of it.

    What a user's function gives and only its own step reads gets a variable.
    """
    bodies = _bodies(functions, settings)
    for step, body in bodies.items():
        for n, statement in enumerate(body.statements):
            later = {name for one in body.statements[n + 1 :] for name in _read(one)}
            for name in _bound(statement) if isinstance(statement.value, ast.Call) else ():
                for call in functions.wiring.calls[step] if name in later else ():
                    if name in call.outputs:
                        use(call.outputs[name], call.place)
    return frozenset(step for step, body in bodies.items() if not body.function)


def inlined(
    functions: Functions, settings: Mapping[str, StepSettings]
) -> tuple[dict[str, Inlined], dict[str, StepSettings]]:
    """Step -> its body, for those that can stand in the body of the pipeline; their functions -> what these ask for.

    Variables have their names.
    """
    found: dict[str, Inlined] = {}
    for step, body in _bodies(functions, settings).items():
        if all(body.written(c, functions.outputs(step)) is not None for c in functions.wiring.calls[step]):
            found[step] = body
    return _agreed(found, functions, settings)


def _bodies(functions: Functions, settings: Mapping[str, StepSettings]) -> dict[str, Inlined]:
    file = functions.flow.file
    known = _functions(file)
    imports = [n for n in ast.walk(file.tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
    imported = {(one.asname or one.name).split(".")[0] for node in imports for one in node.names} | {"deepcopy"}
    stores = {name for name, helper in file.helpers.items() if helper in ("pack", "unpack")}
    found: dict[str, Inlined] = {}
    for step in functions.wiring.calls:
        body = _body(functions.step_text(step), known, stores)
        if body is not None and _free(body) & imported:
            continue  # the body of a pipeline knows the language alone
        if body is not None and (body.function or not (settings[step].settings or settings[step].remarks)):
            found[step] = body
    return found


def _agreed(
    found: dict[str, Inlined], functions: Functions, settings: Mapping[str, StepSettings]
) -> tuple[dict[str, Inlined], dict[str, StepSettings]]:
    """Those whose function nothing else calls, and that agree about its settings."""
    known = _functions(functions.flow.file)
    while True:
        others = [functions.step_text(step) for step in functions.wiring.calls if step not in found]
        mentioned = {n.id for text in others for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
        called: dict[str, list[str]] = {}
        for step, body in found.items():
            if body.function:
                called.setdefault(body.function, []).append(step)
        made = {f: _together(known[f], {s: found[s] for s in several}, settings) for f, several in called.items()}
        refused = {name for name, one in made.items() if one is None or name in mentioned}
        left = {step: body for step, body in found.items() if body.function not in refused}
        if len(left) == len(found):
            return found, {name: one for name, one in made.items() if one is not None}
        found = left


def _together(
    function: ast.FunctionDef, bodies: Mapping[str, Inlined], settings: Mapping[str, StepSettings]
) -> StepSettings | None:
    """The settings of a function that several steps call; `None` where they do not agree."""
    calls = [Asked(settings[step].policy, constants(function, body.call)) for step, body in bodies.items()]
    policy = policy_of(calls)
    first = settings[next(iter(bodies))]
    remarks = [[r.replace(f"`{s}`", f"`{function.name}`") for r in settings[s].remarks] for s in bodies]
    alike = all(settings[s].component == first.component for s in bodies) and all(r == remarks[0] for r in remarks)
    if policy is None or not alike:
        return None
    return replace(first, policy=policy, settings=written(policy, first.component), remarks=remarks[0])


def called_within(settings: StepSettings, member: Member, parameters: Mapping[str, str]) -> StepSettings:
    """The settings of a step whose function calls the user's: its cache leaves out parameters of its own.

    `parameters`: artifact -> the parameter that stands for it.
    """
    cache = settings.policy.cache
    if cache is None or not cache.ignore:
        return settings
    unkeyed = ours.unkeyed(member.body, member.self_name)
    ignored = tuple(name for artifact, name in parameters.items() if artifact in unkeyed)
    policy = settings.policy.model_copy(update={"cache": cache.model_copy(update={"ignore": ignored})})
    return replace(settings, policy=policy, settings=written(policy, settings.component))


def _functions(file: File) -> dict[str, ast.FunctionDef]:
    """The functions of the module that no other definition mentions."""
    own = {n.name: n for n in file.tree.body if isinstance(n, ast.FunctionDef) and n.name not in file.helpers}
    read: set[str] = set()
    for node in file.tree.body:
        if isinstance(node, ast.ClassDef) and any(file.imported.word(b) == "FlowSpec" for b in node.bases):
            continue
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        local = {n.id for n in names if isinstance(n.ctx, ast.Store)} if isinstance(node, ast.FunctionDef) else set()
        local |= {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
        read |= {n.id for n in names} - local
    return {name: node for name, node in own.items() if name not in read and not node.decorator_list}


def _body(text: str, known: Mapping[str, ast.FunctionDef], stores: set[str]) -> Inlined | None:
    """The body of a lifted function; `None` where it is more than pipec writes. `stores`: what stores files."""
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    _Unpacked(stores).visit(function)
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    outputs: list[str] = []
    match body:
        case [*before, ast.Return(value=ast.Name(id=name))]:
            body, outputs = before, [name]
        case [*before, ast.Return(value=ast.Tuple(elts=elements))]:
            body, outputs = before, [e.id for e in elements if isinstance(e, ast.Name)]
            if len(outputs) != len(elements):
                return None
    found = Inlined([a.arg for a in function.args.args], [], outputs)
    for statement in body:
        if isinstance(statement, ast.Pass):
            continue
        if not isinstance(statement, (ast.Assign, ast.Expr)):
            return None
        found.statements.append(statement)
    _without_copies(found)
    return found if _is_plain(found, known) else None


def _without_copies(body: Inlined) -> None:
    """`x, y = f(); a = x` is `a, y = f()` where nothing else reads `x`."""
    read = Counter(name for one in body.statements for name in _read(one))
    for statement in list(body.statements):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=copied)) if read[copied] == 1:
                for made in body.statements:
                    targets = _targets(made) if isinstance(made, ast.Assign) else []
                    for target in targets:
                        if isinstance(target, ast.Name) and target.id == copied and len(targets) > 1:
                            target.id = name
                            body.statements = [one for one in body.statements if one is not statement]


def _is_plain(body: Inlined, known: Mapping[str, ast.FunctionDef]) -> bool:
    """Whether each name is bound once, and the user's functions are called once, by a statement of its own."""
    bound = [name for statement in body.statements for name in _bound(statement)]
    if len({*bound, *body.parameters}) != len(bound) + len(body.parameters) or not {*body.outputs} <= {*bound}:
        return False
    for statement in body.statements:
        if isinstance(statement, ast.Assign) and not (
            len(statement.targets) == 1 and all(isinstance(t, ast.Name) for t in _targets(statement))
        ):
            return False
        match statement.value:
            case ast.Call(func=ast.Name(id=name)) if name in known and not body.function:
                body.function = name
                rest: list[ast.AST] = [*statement.value.args, *statement.value.keywords]
            case _ if isinstance(statement, ast.Expr):
                return False
            case _:
                rest = [statement.value]
        if any(isinstance(n, ast.Name) and n.id in known for one in rest for n in ast.walk(one)):
            return False
    return True


def _cannot_fail(value: ast.expr) -> bool:
    """Whether nobody sees that an expression is not evaluated."""
    return all(isinstance(n, (ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Load)) for n in ast.walk(value))


def _targets(statement: ast.Assign) -> list[ast.expr]:
    target = statement.targets[0]
    return target.elts if isinstance(target, ast.Tuple) else [target]


def _bound(statement: ast.Assign | ast.Expr) -> list[str]:
    if isinstance(statement, ast.Expr):
        return []
    return [t.id for t in _targets(statement) if isinstance(t, ast.Name)]


def _free(body: Inlined) -> set[str]:
    """The names of the module that a body mentions."""
    own = {name for one in body.statements for name in (*_bound(one), *_hidden(one.value))}
    return {name for one in body.statements for name in _read(one)} - own - set(body.parameters)


def _read(statement: ast.Assign | ast.Expr) -> Iterator[str]:
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Name):
            yield node.id


def _hidden(node: ast.expr) -> set[str]:
    """The names that comprehensions and lambdas in an expression bind."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Lambda):
            found |= {a.arg for a in (*one.args.args, *one.args.kwonlyargs)}
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found.add(one.id)
    return found


class _Unpacked(ast.NodeTransformer):
    """Takes away what stores files, which a step does by what its function says of its result."""

    def __init__(self, stores: set[str]) -> None:
        self.stores = stores

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name in self.stores:
                return value
        return node


class _Values(ast.NodeTransformer):
    """Puts what is given for parameters in their place."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = {name: ast.parse(text, mode="eval").body for name, text in given.items()}
        self.names = {n.id for value in self.given.values() for n in ast.walk(value) if isinstance(n, ast.Name)}

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self.given:
            return copy.deepcopy(self.given[node.id])
        return node
