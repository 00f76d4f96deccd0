"""The steps that random pipelines call. A module gets those that it uses."""

from __future__ import annotations

import ast

HOSTILE = (
    '"{{ ds }}"', '"$(x) ${HOME}"', "'\"\\''", '"back\\\\slash \\\\n"', '"line\\nline\\r\\n\\ttab"', '"ünï 😀 \\u2028"', '""', '"{{$.x}}"',
    "2**63", "-(10**40)", "float('nan')", "float('-inf')", "-0.0", "1.0", "1e300", "None", "True", "[]", "{}", "()", "(1, (2,), None)",
    "{1: 'a', None: [], (1, 2): {}}", "[[], [()], {'': None}]", '{"$float": "x"}', '"None"', '"0"', '"<b>&amp;</b>"', '"%s %(x)s %%"',
    '"#!/bin/sh; `ls`"', '{"a": float("inf")}', "[1, 1.0, True]", "'\\'\\'\\'\"\"\"'",
)  # fmt: skip
"""Literals that some way of handing them on would change."""

PIECES = {
    "FACTOR": "FACTOR = 3",
    "HOSTILE": f"HOSTILE = [\n    {', '.join(HOSTILE)},\n]",
    "Box": '@dataclass\nclass Box:\n    """An object of the user\'s own."""\n\n    content: int',
    "Pair": "class Pair(NamedTuple):\n    number: int\n    box: Box",
    "clamp": "def clamp(x: int) -> int:\n    return max(-999, min(999, x))",
    "add": "@step\ndef add(a: int, b: int = 1) -> int:\n    return clamp(a + b)",
    "scale": "def scale(x: int) -> int:\n    return clamp(x * FACTOR)",
    "is_big": "@step\ndef is_big(x: int) -> bool:\n    return x > 5",
    "upto": "@step\ndef upto(n: int) -> list[int]:\n    return list(range(abs(n) % 4))",
    "total": "@step\ndef total(xs: list[int]) -> int:\n    return clamp(sum(x for x in xs if x is not None))",
    "several": "@step\ndef several(x: int, *more: int, flag: bool = False) -> int:\n    return clamp(x + len(more) + flag)",
    "text": "@step\ndef text(x: int) -> str:\n"
    "    return f\"<{x}> {{{{ ds }}}} 'quoted' \\\"twice\\\" ünï $(x) \\\\n\"",
    "length": "@step\ndef length(s: str) -> int:\n    return len(s)",
    "half": "@step\ndef half(x: int) -> float:\n    return x / 2 if x else float('nan')",
    "record": '@step\ndef record(x: int) -> dict:\n    return {"value": x, "odd": x % 2 == 1, 7: (x, None), "nan": float("inf")}',
    "table": '@step\ndef table(x: int) -> dict[str, int]:\n    return {f"k{i}": x + i for i in range(abs(x) % 3)}',
    "pair": "@step\ndef pair(x: int) -> tuple[int, str]:\n    return x + 1, str(x)",
    "boxed_pair": "@step\ndef boxed_pair(x: int) -> tuple[Box, list[int]]:\n    return Box(x), [x, x + 1]",
    "fields": "@step\ndef fields(x: int) -> Pair:\n    return Pair(x, Box(x + 1))",
    "box": "@step\ndef box(x: int) -> Box:\n    return Box(x)",
    "unbox": "@step\ndef unbox(b: Box) -> int:\n    return b.content",
    "boxes": "@step\ndef boxes(n: int) -> list[Box]:\n    return [Box(i) for i in range(abs(n) % 3)]",
    "weigh": "@step\ndef weigh(bs: list[Box]) -> int:\n    return clamp(sum(b.content for b in bs))",
    "perhaps_box": "@step\ndef perhaps_box(x: int) -> Box | None:\n    return Box(x) if x % 2 else None",
    "unbox_or": "@step\ndef unbox_or(b: Box | None, x: int = -1) -> int:\n    return x if b is None else b.content",
    "maybe": "@step\ndef maybe(x: int) -> int | None:\n    return x if x % 2 else None",
    "or_zero": "@step\ndef or_zero(x: int | None) -> int:\n    return 0 if x is None else x",
    "write": '@step\ndef write(x: int) -> Path:\n    Path("number.txt").write_text(str(x), encoding="utf-8")\n    return Path("number.txt")',
    "measure": "@step\ndef measure(file: Path) -> int:\n    return int(file.read_text(encoding=\"utf-8\"))",
    "measure_at": "@step\ndef measure_at(uri: str) -> int:\n    return int(Path(uri.removeprefix(\"file://\")).read_text(encoding=\"utf-8\"))",
    "measure_both": "@step\ndef measure_both(file: Path, uri: str, x: int = 1) -> int:\n    return clamp(measure(file) + x * measure_at(uri))",
    "hostile": "@step\ndef hostile(x: int) -> list:\n    return [HOSTILE[x % len(HOSTILE)]]",
    "echo": "@step\ndef echo(x: object) -> list:\n    return [x, [x]]",
    "size": "@step\ndef size(x: object) -> int:\n    return len(repr(x)) % 97",
    "start": "@step\ndef start(input: int) -> int:\n    return clamp(input + 1)",
    "end": "@step\ndef end(name: int, cmd: int = 2) -> int:\n    return clamp(name * cmd)",
    "next": "@step\ndef next(self: int, index: int = 1) -> int:\n    return clamp(self + index)",
    "Add": "@step\ndef Add(a: int) -> int:\n    return clamp(a - 1)",
    "add_": "@step\ndef add_(a: int) -> int:\n    return clamp(a - 2)",
    "note": "@step\ndef note(x: object) -> None:\n    return None",
    "check": '@step\ndef check(x: int) -> None:\n    if x == 7:\n        raise ValueError("seven")',
    "checked": '@step\ndef checked(x: int) -> int:\n    if x == 7:\n        raise ValueError("seven")\n    return x',
    "flaky": "@step(retries=2)\ndef flaky(x: int, folder: str, key: str) -> int:\n"
    "    mark = Path(folder) / key\n    if not mark.exists():\n        mark.touch()\n"
    '        raise RuntimeError("the first attempt")\n    return x',
    "inner": "@pipeline\ndef inner(x: int, limit: int = 4):\n    y = scale(x)\n    if y > limit:\n        return add(y, limit)\n    return y",
    "noisy": "@pipeline\ndef noisy(x: int):\n    note(x)\n    a, b = pair(x)\n    return add(a, length(b))",
}  # fmt: skip
"""Name -> its definition, in an order in which all is defined before it is used."""

IMPORTS = {
    "dataclass": "from dataclasses import dataclass",
    "Path": "from pathlib import Path",
    "NamedTuple": "from typing import NamedTuple",
}
FROM_PIPEC = ("PipelineFailed", "parallel", "pipeline", "run", "step", "uri_of", "wait_for")


def prelude(body: str) -> str:
    """The top of a module whose pipelines are `body`: imports, and the definitions that it reaches."""
    wanted: set[str] = set()
    queue = [body]
    while queue:
        more = _names(queue.pop()) & PIECES.keys() - wanted
        queue += [PIECES[name] for name in sorted(more)]
        wanted |= more
    code = "\n\n\n".join(text for name, text in PIECES.items() if name in wanted)
    used = _names(f"{code}\n\n\n{body}")
    imports = [line for word, line in IMPORTS.items() if word in used]
    names = ", ".join(name for name in FROM_PIPEC if name in used)
    top = [*imports, "", f"from pipec import {names}"] if imports else [f"from pipec import {names}"]
    return "\n\n".join(filter(None, ['"""A random pipeline."""', "\n".join(top), f"\n{code}" if code else ""])) + "\n"


def _names(code: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
