"""The program of a component: the user's code, the fixed helpers that it needs, and the glue for this one component."""

from __future__ import annotations

import ast
import builtins
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pipec.ir import (
    Component,
    Definition,
    DictOf,
    FileType,
    ListOf,
    ObjectType,
    OptionalOf,
    Span,
    TupleOf,
    Type,
    ValueType,
)

RUNTIME = Path(__file__).parents[2] / "templates" / "kfp"
FILES = ("loading.py", "storing.py", "failing.py", "watching.py", "foreign.py", "values.py")
HELPER = re.compile(r"\b(?:kfp_|Kfp)\w+")
SUBSTITUTED = re.compile(
    r"\{(?=\{\s*(?:\$|=|(?:workflow|inputs|outputs|tasks|steps|item|pod|node|retries|lastRetry)\b))|\$(?=\([A-Za-z_]\w*\)|\$)"
)
"""What KFP, Argo or Kubernetes would replace in a command: `{{$...}}`, `{{workflow...}}`, `$(NAME)`, `$$` by `$`."""
OWN_VARIABLE = re.compile(r"\$\(KFP_\w*\)")
"""A variable that each of its containers has: Kubernetes leaves `$(NAME)` of others as it is."""
ROOT = "kfp_main"
NOTE = "What follows is the same in all components: it reads arguments and stores results."


@cache
def runtime() -> dict[str, Any]:
    """The helpers themselves, for the few that building and running need: packing is written once."""
    scope: dict[str, Any] = {}
    for name in FILES:
        exec(compile((RUNTIME / name).read_text(encoding="utf-8"), name, "exec"), scope)  # noqa: S102  # our own files
    return scope


class UnwritableError(Exception):
    """What no document of Kubeflow can hold; the text says why."""

    def __init__(self, reason: str, span: Span | None = None, subject: str = "") -> None:
        super().__init__(reason)
        self.span, self.subject = span, subject


@cache
def text_of(source: str) -> str:
    """The literal `source` as the text that travels as a parameter."""
    from pipec.ir.literals import value_of

    try:
        text: str = runtime()["kfp_text"](value_of(source), "a constant")
    except ValueError as error:  # Python writes no int of more than 4,300 digits as decimal text
        raise UnwritableError("an int in it has more digits than JSON text can: compute it in a step") from error
    return text


@cache
def _parts() -> dict[str, tuple[str, frozenset[str]]]:
    """Helper -> its source, and the helpers that it uses, in the order of the file."""
    parts = {}
    for name in FILES:
        source = (RUNTIME / name).read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                parts[node.name] = (text, frozenset(HELPER.findall(text)))
    return parts


@cache
def _helpers(roots: frozenset[str]) -> str:
    parts = _parts()
    wanted, queue = set(roots), list(roots)
    while queue:
        for name in parts[queue.pop()][1]:
            if name in parts and name not in wanted:
                wanted.add(name)
                queue.append(name)
    return "\n\n\n".join(text for name, (text, _) in parts.items() if name in wanted)


def user_code(component: Component, definitions: dict[str, Definition]) -> str:
    """The step's function with all that it reaches, in an order that runs."""
    chosen = {id(d): d for d in (definitions[name] for name in component.code if name in definitions)}
    out, last = ["from __future__ import annotations"], "future"
    for definition in chosen.values():
        if definition.source.startswith("from __future__"):
            continue
        kind = definition.kind
        small = last in ("import", "constant") and kind == last
        gap = 0 if small else 1 if {kind, last} <= {"import", "constant", "block", "future"} else 2
        out.append("\n" * gap + definition.source)
        last = kind
    return "\n".join(out)


def program(title: str, code: str, glue: Iterable[str]) -> str:
    """The whole program."""
    body = "".join(f"    {line}\n" if line else "\n" for line in glue)
    helpers = _helpers(frozenset(name for name in HELPER.findall(body) if name in _parts()) | {ROOT})
    head = f"# {title}\n# `{ROOT}` does what kfp.dsl.executor_main does; kfp itself is not needed here.\n"
    glue_ = f"def kfp_component(task):\n{body}".rstrip()
    main = f'if __name__ == "__main__":\n    {ROOT}(kfp_component)\n'
    return head + "\n\n\n".join(part for part in (code, glue_, f"# {NOTE}\n{helpers}", main) if part)


INSTALLATION = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install"
"""What a container does before its program starts, where it has pip requirements."""


def without_installation(command: list[str]) -> list[str]:
    """`command` without what installs pip requirements: a run here must leave the user's environment as it is."""
    installs = command[:2] == ["sh", "-c"] and INSTALLATION in command[2]
    return command[3:] if installs else command


def command(text: str, packages: tuple[str, ...], exports: Mapping[str, str]) -> list[str]:
    """How a container starts the program `text`, with the pip requirements installed as KFP's own SDK does it.

    `exports` are environment variables in whose values somebody would see a placeholder.
    """
    pip: list[str] = []
    if packages:
        names = " ".join("'" + package.replace("'", "'\\''") + "'" for package in packages)
        install = f"{INSTALLATION} --quiet --no-warn-script-location {names}"
        pip = [
            "sh",
            "-c",
            '\nif ! [ -x "$(command -v pip)" ]; then\n'
            "    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip\nfi\n\n"
            f'{install} && "$0" "$@"\n',
        ]
    write = 'printf "%s" "$0"'
    if SUBSTITUTED.search(text):
        mark = next(m for m in (f"@split{n}@" for n in ("", *range(1, 10**6))) if m not in text)
        text = SUBSTITUTED.sub(lambda m: m[0] + mark, text)
        write += f" | sed 's/{mark}//g'"  # nobody replaces what looks like a placeholder
    exported = "".join(f"export {name}={_in_pieces(value)}\n" for name, value in exports.items())
    start = (exported and f"{exported}# in pieces: nobody replaces what looks like a placeholder\n") + (
        f'program_path=$(mktemp -d)\n\n{write} > "$program_path/ephemeral_component.py"\n'
        'python3 -u "$program_path/ephemeral_component.py" "$@"\n'
        'test -e "$program_path/done" # else the step has left the process, perhaps with status 0\n'
    )
    return [*pip, "sh", "-ec", start, text]


def _in_pieces(value: str) -> str:
    """`value` for the shell, with a quote in the middle of what looks like a placeholder."""
    quoted_ = value.replace("'", "'\\''")
    return "'" + SUBSTITUTED.sub(r"\g<0>''", quoted_) + "'"


def writer(type_: Type) -> str:
    """Source of the helper that stores a value of `type_`."""
    match type_:
        case ObjectType(codec=codec):
            return f"kfp_with({quoted(codec)})" if ":" in codec else f"kfp_{codec}"
        case FileType():
            return "kfp_file"
        case OptionalOf():
            return writer(type_.item)  # all writers take None
        case ListOf() | DictOf():
            return f"kfp_collection({writer(type_.item)})"
        case TupleOf():
            return f"kfp_collection({', '.join(map(writer, type_.items))})"
        case _:
            return "kfp_json"


def found_writer(type_: Type) -> str:
    """Source of the helper that stores a value of `type_` whose artifacts are not opened."""
    return "kfp_collection(kfp_found)" if isinstance(type_, (ListOf, DictOf, TupleOf)) else "kfp_found"


def schema_title(type_: Type) -> str:
    """The system type of an artifact."""
    match type_:
        case FileType():
            titles = {"dataset": "Dataset", "model": "Model", "html": "HTML", "markdown": "Markdown"}
            return type_.title or f"system.{titles.get(type_.role, 'Artifact')}"
        case OptionalOf():
            return schema_title(type_.item)
        case ValueType(classification=True):
            return "system.ClassificationMetrics"
        case _:
            return "system.Artifact"


def has_placeholder(text: str) -> bool:
    """Whether KFP or Argo would replace something in `text`."""
    return any(m[0] == "{" for m in SUBSTITUTED.finditer(text))


def is_replaced(text: str) -> bool:
    """Whether something in a value that a run is given would be replaced on its way to a container."""
    return has_placeholder(text) or "$$" in text or OWN_VARIABLE.search(text) is not None


def quoted(text: str) -> str:
    """`text` as a Python literal in double quotes."""
    return json.dumps(text)


def local(name: str, taken: Callable[[str], bool]) -> str:
    """A name for a local variable of the glue that hides nothing the glue needs."""
    name = name.replace("-", "_")
    if name.startswith("kfp_"):
        name = f"own_{name}"
    while hasattr(builtins, name) or name in ("task", "result") or taken(name):
        name += "_"
    return name
