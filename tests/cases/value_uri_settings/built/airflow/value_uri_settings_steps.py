"""Steps of value_uri_settings that run in virtual environments of their own."""

from __future__ import annotations

import base64
import functools
import json
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def to_xcom(value: Any) -> Any:
    """Give `value` in a form that XCom keeps exactly: as it is, or under a tag where JSON or a database would change it."""
    if type(value).__module__ == "numpy" and type(value.item() if value.ndim == 0 else value) is not type(value):
        value = value.item()
    if value is None or isinstance(value, (bool, Kept)):
        return value
    if isinstance(value, int):  # the worker protocol ends at 64 bits
        return int(value) if abs(value) < 2**63 else {"$int": hex(value)}
    if isinstance(value, float):  # PostgreSQL's JSONB makes 1e+16 an integer, and -0.0 a zero
        text = float.__repr__(value)
        return {"$float": text} if text in ("nan", "inf", "-inf", "-0.0") or "e+" in text else float(value)
    if isinstance(value, str):  # JSONB takes neither NUL nor surrogates
        data = str.encode(value, errors="surrogatepass")
        lossy = b"\0" in data or data.decode(errors="replace") != value
        return {"$text": base64.b64encode(data).decode()} if lossy else str.__str__(value)
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [to_xcom(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [to_xcom(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        tag = "$set" if isinstance(value, set) else "$frozenset"
        return {tag: sorted((to_xcom(item) for item in value), key=repr)}
    if isinstance(value, dict):
        pairs = [[to_xcom(key), to_xcom(item)] for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith(("$", "__")) for key, _ in pairs):
            order = [key for key, _ in pairs]
            if order == sorted(order, key=lambda key: (len(key.encode()), key.encode())):  # JSONB's own order
                return dict(pairs)
        return {"$dict": pairs}
    raise TypeError(f"a {type(value).__qualname__} is no plain value")


def from_xcom(value: Any) -> Any:
    """Give back what `to_xcom` was given."""
    if isinstance(value, str) or not isinstance(value, (dict, Sequence)):
        return value
    if not isinstance(value, dict):  # the results of a mapped task are a lazy sequence
        return [from_xcom(item) for item in value]
    tag = next(iter(value), "")
    if len(value) != 1 or not tag.startswith("$"):
        return {key: from_xcom(item) for key, item in value.items()}
    content = value[tag]
    match tag:
        case "$file":
            return Path(content)
        case "$none":
            return None
        case "$int":
            return int(content, 16)
        case "$float":
            return float(content)
        case "$text":
            return base64.b64decode(content).decode(errors="surrogatepass")
        case "$bytes":
            return base64.b64decode(content)
        case "$dict":
            return {from_xcom(key): from_xcom(item) for key, item in content}
    return {"$tuple": tuple, "$set": set, "$frozenset": frozenset}[tag](map(from_xcom, content))


class Kept:
    """An artifact of a result, by its path in the folder of results."""

    def __init__(self, path: str) -> None:
        self.path = path


def stored(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Let a step take and give exact values as JSON, and artifacts by their paths.

    The options say what of its result is an artifact.
    """
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(folder: Path) -> Any:
        call = json.loads((folder / "call.json").read_text())
        arguments = [from_xcom(given) for given in call["args"]]
        value = function(*arguments, **{name: from_xcom(given) for name, given in call["kwargs"].items()})
        return sent(value, options.get("result", "value"), "result", folder, function.__name__)

    run.several = "outputs" in options
    return run


def run_step(name: str, folder: Path) -> None:
    """Run a step with the arguments in `folder`, and leave there what it gives."""
    step = globals()[name]
    try:
        answer = {"result": step(folder), "several": step.several}
    except SystemExit as error:
        answer = {"exit": error.code if isinstance(error.code, int) else str(error.code)}
    except Exception as error:
        traceback.print_exc()
        answer = {"error": str(error)}
    text = json.dumps(answer, default=lambda kept: {"$path": kept.path})
    (folder / "answer.json").write_text(text)


def sent(value: Any, form: Any, key: str, folder: Path, step: str) -> Any:
    """Give one result as JSON has it."""
    try:
        return to_xcom(put(value, form, key, folder / "result"))
    except TypeError as error:
        raise TypeError(
            f"a result of {step} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error


def put(value: Any, form: Any, key: str, folder: Path) -> Any:
    """Write the artifacts in `value` into `folder`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    folder.mkdir(exist_ok=True)
    made = put_file(Path(value), folder / key)
    return Kept(made.relative_to(folder).as_posix())


def put_file(source: Path, folder: Path) -> Path:
    """Copy a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
    return target


def text_at(uri: str) -> str:
    import fsspec

    with fsspec.open(uri, "r", encoding="utf-8") as file:
        return str(file.read())


@stored
def isolated(uri: str, file: Path, other: str) -> list[str]:
    assert file.read_text(encoding="utf-8") == text_at(uri) and uri == other
    return [text_at(uri), type(uri).__name__]


@stored
def length(uri: str) -> int:
    return len(text_at(uri))


if __name__ == "__main__":
    run_step(sys.argv[1], Path(sys.argv[2]))
