"""Lightweight Python components: the function in a container's command, and how its packages are installed."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipec.compiler.pysource.syntax import parsed

HEADER = (
    "import kfp", "from kfp import dsl", "from kfp.dsl import *", "from typing import *", "import kfp.dsl",
    "from kfp.v2 import dsl", "from kfp.v2.dsl import *",
)  # fmt: skip
"""What the compiler puts above every function."""
FLAGS = ("--quiet", "--no-warn-script-location", "--no-deps", "--user", "--upgrade", "-q", "-U")
VARIABLES = {"--index-url": "PIP_INDEX_URL", "-i": "PIP_INDEX_URL", "--extra-index-url": "PIP_EXTRA_INDEX_URL",
             "--trusted-host": "PIP_TRUSTED_HOST"}  # fmt: skip
"""Options of pip that its environment variables say as well."""
OWN = re.compile(r"(?:kfp(?:[-_](?:pipeline-spec|server-api|kubernetes))?|typing-extensions)(?=$|[\[<>=!~;@ ])")


@dataclass(frozen=True)
class Install:
    """What the command installs before the function runs."""

    packages: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that say the same as pip's options."""
    unknown: tuple[str, ...] = ()
    """Options that pipec has no word for."""


@dataclass(frozen=True)
class Program:
    """One function, and what stands above it in its file."""

    name: str
    source: str
    """The `def`, with the comments above it."""
    before: tuple[str, ...] = ()
    """Other top-level statements, with their comments."""
    imports: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    install: Install = Install()


def program(container: Mapping[str, Any], source: str | None = None) -> Program | str:
    """The function that `container` runs; a reason where there is none that can be read."""
    command = container.get("command") or []
    name = function_name(container)
    if not name:
        return ""
    texts = [part for part in command if "executor_main" not in part and re.search(r"^(async )?def ", part, re.M)]
    if not texts and any("kfp.dsl import" in part for part in command):
        return f"there is no function `{name}` in its program"
    if not texts:
        return "its function is inside of the image, and not in the file"
    try:
        return _split(name, texts[-1], source, install(command))
    except SyntaxError as error:
        return f"its function cannot be parsed: {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        return "its function cannot be parsed"


def function_name(container: Mapping[str, Any]) -> str:
    """The function that a container runs; "" where it runs something else."""
    args = container.get("args") or []
    if "--function_to_execute" not in args[:-1]:
        return ""
    return str(args[args.index("--function_to_execute") + 1])


def _split(name: str, text: str, source: str | None, install: Install) -> Program | str:
    lines = text.split("\n")
    tree = parsed(text)
    found, imports, before, after = "", [], [], []
    end = 0
    for node in tree.body:
        last = node.end_lineno or node.lineno
        piece = "\n".join(lines[end:last]).strip("\n")
        end = last
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if ast.unparse(node) not in HEADER:
                imports.append(ast.unparse(node))
        elif isinstance(node, ast.FunctionDef) and node.name == name:
            found = piece
        elif found:
            after.append(piece)
        else:
            before.append(piece)
    if not found:
        return f"there is no function `{name}` in its program"
    return Program(name, source or found, tuple(before), tuple(imports), tuple(after), install)


def install(command: list[str]) -> Install:
    """What `command` installs, kfp itself left out."""
    packages: list[str] = []
    variables: dict[str, str] = {}
    unknown: list[str] = []
    for call in _calls(command):
        at = 0
        while at < len(call):
            word = call[at]
            option, _, value = word.partition("=")
            if option in VARIABLES and word.startswith("-"):
                if not value and at + 1 < len(call):
                    at += 1
                    value = call[at]
                have = variables.get(VARIABLES[option])
                variables[VARIABLES[option]] = value if have in (None, value) else f"{have} {value}"
            elif word.startswith("-"):
                unknown += [word] if word not in FLAGS else []
            elif not OWN.match(word) and word not in packages:
                packages.append(word)
            at += 1
    return Install(tuple(packages), tuple(variables.items()), tuple(unknown))


def _calls(command: list[str]) -> Iterator[list[str]]:
    """The arguments of each `pip install` in the scripts of `command`."""
    for script in command:
        if "pip install" not in script or "def " in script:
            continue
        for line in script.split("\n"):
            for part in re.split(r"&&|;\s+(?![^']*'(?:[^']*'[^']*')*[^']*$)", line):
                if "pip install" not in part:
                    continue
                try:
                    words = shlex.split(part.partition("pip install")[2])
                except ValueError:
                    continue
                yield words
