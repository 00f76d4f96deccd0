"""`__file__` in functions: in the result no module of its own is there, and the DAG knows the path of its file."""

from __future__ import annotations

import ast
import io
import tokenize

from pipec.backends.airflow.reading.words import is_version_2

NAME = "__file__"
PATH = 'get_current_context()["dag"].fileloc'
READS = "it reads `__file__`, the path of the DAG file"
"""Why a task stays in Airflow's words."""
DIFFERENCE = "`__file__` is the path of the DAG file that is written"
"""What it then does otherwise."""


def needed(imports: list[str]) -> str:
    """The import statement for `PATH`, in a file with these imports."""
    module = "airflow.operators.python" if is_version_2(imports) else "airflow.sdk"
    return f"from {module} import get_current_context"


def located(text: str) -> str | None:
    """The function `text` with `PATH` in place of `__file__`; `None` where it stands inside of another text."""
    edits = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if t.string == NAME]
    lines = text.split("\n")
    for token in reversed(edits):
        (row, start), (_, end) = token.start, token.end
        lines[row - 1] = lines[row - 1][:start] + PATH + lines[row - 1][end:]
    found = "\n".join(lines)
    try:
        names = {n.id for n in ast.walk(ast.parse(found)) if isinstance(n, ast.Name)}
    except SyntaxError:  # the quotes of `PATH` end an f-string before Python 3.12
        return None
    return None if NAME in names else found
