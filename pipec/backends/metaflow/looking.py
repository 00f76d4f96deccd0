"""Sensors of a flow that runs here: they look often."""

from __future__ import annotations

import ast

SOON = "seconds=1"


def look_often(text: str, flow: str) -> str:
    """The flow file `text` with `every=timedelta(...)` of the sensors in the class `flow` cut to a second."""
    lines = text.encode().splitlines(keepends=True)
    (made,) = (n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == flow)
    for node in ast.walk(made):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        for keyword in node.keywords if node.func.id.endswith("wait_for") else ():
            every = keyword.value
            if keyword.arg == "every" and isinstance(every, ast.Call) and every.lineno == every.end_lineno:
                line, end = lines[every.lineno - 1], every.end_col_offset or 0
                start = every.func.end_col_offset or 0
                lines[every.lineno - 1] = line[:start] + f"({SOON})".encode() + line[end:]
    return b"".join(lines).decode()
