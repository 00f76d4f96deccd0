"""What the SDK runs for a component that is made of a function: a shell that installs packages and runs its source."""

from __future__ import annotations

import inspect
import textwrap
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipec.backends.kfp.reading.dsl.functions import Function
from pipec.backends.kfp.reading.dsl.names import SDK_VERSION

EXECUTOR_INPUT = "{{$}}"
_MODULE = "kfp.dsl.executor_main"
_INSTALL = """
if ! [ -x "$(command -v pip)" ]; then
    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip
fi

PIP_DISABLE_PIP_VERSION_CHECK=1 {commands} && "$0" "$@"
"""
_VENV = """
export PIP_DISABLE_PIP_VERSION_CHECK=1
tmp=$(mktemp -d)
python3 -m venv "$tmp/venv" --system-site-packages
. "$tmp/venv/bin/activate"
"""
_GAP = " " * 25
_RUN = (
    'program_path=$(mktemp -d)\n\nprintf "%s" "$0" > "$program_path/ephemeral_component.py"\n'
    f"_KFP_RUNTIME=true python3 -m {_MODULE}{_GAP}--component_module_path{_GAP}"
    f'"$program_path/ephemeral_component.py"{_GAP}"$@"\n'
)


def install(settings: dict[str, Any]) -> list[str]:
    """The command in front of the component's own, that installs its packages and the SDK."""
    packages = list(settings.get("packages_to_install") or ())
    with_sdk = (
        settings.get("install_kfp_package", True)
        and settings.get("target_image") is None
        and not any(one.startswith("kfp") for one in packages)
    )
    if not with_sdk and not packages:
        return []
    options = _index_options(settings.get("pip_index_urls"), settings.get("pip_trusted_hosts"))
    parts: list[str] = []
    if packages:
        parts.append(_pip(packages, options))
        if with_sdk:
            parts.append(" && ")
    if with_sdk:
        if settings.get("use_venv"):
            parts.append(_VENV)
        parts.append(_pip(_sdk(settings.get("kfp_package_path")), options))
    return ["sh", "-c", _INSTALL.format(commands=" ".join(parts))]


def _sdk(path: str | None) -> list[str]:
    """What to install as the SDK."""
    if not path:
        return [f"kfp=={SDK_VERSION}", "--no-deps", 'typing-extensions>=3.7.4,<5; python_version<"3.9"']
    return [path, "--no-deps"] if Path(path).exists() or "@refs/pull/" in path else [path]


def _index_options(urls: Sequence[str] | None, trusted: Sequence[str] | None) -> str:
    if not urls:
        return ""
    options = [f"--index-url {urls[0]}", *(f"--extra-index-url {url}" for url in urls[1:])]
    options += [f"--trusted-host {host}" for host in (urls if trusted is None else trusted)]
    return " ".join(options) + " "


def _pip(parts: Sequence[str], options: str) -> str:
    words = " ".join(repr(str(part)) for part in parts)
    return f"python3 -m pip install --quiet --no-warn-script-location {options}{words}"


def program(function: Function, imports: Sequence[str], additional: Sequence[Function]) -> list[str]:
    """The command that writes the source of a function into a file and runs it."""
    head = "\n".join(["import kfp", "from kfp import dsl", "from kfp.dsl import *", "from typing import *", *imports])
    helpers = "\n\n" + "\n\n".join(definition(one) for one in additional) if additional else ""
    return ["sh", "-ec", _RUN, f"\n{head}{helpers}\n\n{definition(function)}\n"]


def arguments(function: Function) -> list[str]:
    """Of the command of a function."""
    return ["--executor_input", EXECUTOR_INPUT, "--function_to_execute", function.name]


def built_in(function: Function) -> list[str]:
    """The command for a function whose source is in the image."""
    return ["python3", "-m", _MODULE]


def own_source(function: Function) -> str:
    """The source of a function from its `def` on, as its author would move it to the margin."""
    if (text := definition(function)).startswith("def"):
        return text.rstrip("\n") + "\n"
    lines = [line + "\n" for line in function.source.lines[function.node.lineno - 1 :]]
    block = inspect.getblock(lines)
    inside: set[int] = set()
    for token in tokenize.generate_tokens(iter(block).__next__):
        if token.type == tokenize.STRING:
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    margin = function.node.col_offset
    return (
        "".join(line if n in inside else line[margin:] or "\n" for n, line in enumerate(block, 1)).rstrip("\n") + "\n"
    )


def definition(function: Function) -> str:
    """The source of a function as the SDK takes it: from its `def` on, dedented, with the comments that end it."""
    lines = [line + "\n" for line in function.source.lines[function.first_line - 1 :]]
    block = textwrap.dedent("".join(inspect.getblock(lines))).split("\n")
    while block and not block[0].startswith("def"):
        block.pop(0)
    return "\n".join(block)
