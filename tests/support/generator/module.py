"""A whole module: parameters, random groups, the pipeline, and the prelude that it needs."""

from __future__ import annotations

from tests.support.generator.choice import Choice, Source
from tests.support.generator.prelude import HOSTILE, prelude
from tests.support.generator.statements import block
from tests.support.generator.tables import CALLS
from tests.support.generator.writer import Place, Scope, Writer, empty


def module(source: Source, features: frozenset[str], size: int) -> str:
    """The text of a module whose `main` has about `size` statements, and can be called without arguments."""
    choice = Choice(source)
    groups, calls = _groups(choice, features, size)
    signature, scope = _parameters(choice, features)
    w = Writer(choice, features, size, scope, calls, used={n for names in scope.values() for n in names})
    block(w, Place())
    _result(w)
    pipelines = [*groups, f"@pipeline\ndef main({signature}):\n" + "\n".join(w.lines)]
    body = "\n\n\n".join(pipelines)
    return f"{prelude(body)}\n\n{body}\n"


def _parameters(choice: Choice, features: frozenset[str]) -> tuple[str, Scope]:
    scope = empty()
    scope |= {"i": ["n"], "l": ["xs"], "b": ["flag"]}
    parts = [
        f"n: int = {choice.pick((3, 0, 7, -2, 8))}",
        f"xs: list[int] = {choice.pick(('[1, 4]', '[]', '[7]', '[0, 7, 2]'))}",
        f"flag: bool = {choice.pick(('True', 'False'))}",
    ]
    if "values" in features:
        scope["s"], scope["v"] = ["word"], ["odd"]
        texts = [h for h in HOSTILE if h[0] in "\"'"]
        parts += [f"word: str = {choice.pick(texts)}", f"odd: list = [{choice.pick(HOSTILE)}, {choice.pick(HOSTILE)}]"]
    if "dicts" in features:
        scope["d"] = ["lookup"]
        table = choice.pick(("{}", '{"k0": 1}', '{"k0": 1, "a b": 5}'))
        parts.append(f"lookup: dict[str, int] = {table}")
    if features & {"retries", "waits"}:
        parts.append('folder: str = ""')
    return ", ".join(parts), scope


def _groups(choice: Choice, features: frozenset[str], size: int) -> tuple[list[str], dict[str, list[str]]]:
    """Up to two sub-pipelines of random bodies, the second of which may call the first; and how to call them."""
    made: list[str] = []
    calls: dict[str, list[str]] = {}
    for number in range(choice.between(0, 2) if "groups" in features else 0):
        scope = empty()
        scope |= {"i": ["a"], "l": ["bs"]}
        w = Writer(
            choice, features - {"retries", "waits"}, max(2, size // 4), scope, dict(calls), main=False, used={"a", "bs"}
        )
        block(w, Place())
        kind = "o" if "objects" in features and choice.one_in(4) and not _returns(w) else "i"
        w.emit(Place(), f"return {w.operand(kind) if w.scope[kind] else w.value(kind, CALLS)}")
        made.append(f"@pipeline\ndef group{number}(a: int, bs: list[int] = [2, 5]):\n" + "\n".join(w.lines))
        calls[kind] = [*calls.get(kind, []), f"group{number}({{i}}, {{l}})", f"group{number}({{i}})"]
    return made, calls


def _returns(w: Writer) -> bool:
    return any(line.strip().startswith("return") for line in w.lines)


def _result(w: Writer) -> None:
    names = [n for kind in w.kinds() for n in w.scope[kind][-3:]]
    chosen = [n for n in names if not w.choice.one_in(3)][-10:]
    w.emit(Place(), f"return [{', '.join(chosen)}]")
