"""Text files of a project: read with bounds, as Python reads text, and never from outside of the project's folders."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from pipec.compiler.pysource.paths import Reading

MOST_TEXT = 2_000_000
"""Bytes of a text file that is read; no prompt, query or small table that people write is that long."""


class UnreadableTextError(Exception):
    """The text cannot be known; the message says why, with no path of this machine in it."""


def text_of(asked: Reading, folders: Iterable[Path]) -> str:
    """What `asked` reads. Raises `UnreadableTextError` unless it is a regular file in one of `folders` that is text.

    Without an encoding the text is UTF-8, whatever the machine's own encoding is.
    """
    return _decoded(_data(_inside(asked.path, folders)), asked)


def _inside(path: Path, folders: Iterable[Path]) -> Path:
    """`path` without links, where it lies in one of `folders`, and nothing on the way is hidden."""
    try:
        real = path.resolve()
        roots = [folder.resolve() for folder in folders]
    except (OSError, RuntimeError):  # a loop of links
        raise UnreadableTextError(f"{path.name!r} cannot be found") from None
    for root in roots:
        if real.is_relative_to(root):
            # what is hidden holds secrets more often than texts: `.git/config`, `.env`
            if any(part.startswith(".") for part in real.relative_to(root).parts):
                raise UnreadableTextError(f"{path.name!r} is hidden, or lies in a hidden folder")
            return real
    raise UnreadableTextError(f"{path.name!r} lies outside of the project's folder")


def _data(path: Path) -> bytes:
    try:
        if not path.exists():
            raise UnreadableTextError(f"there is no file {path.name!r} where it looks")
        if not path.is_file():
            raise UnreadableTextError(f"{path.name!r} is no regular file")
        with path.open("rb") as file:
            data = file.read(MOST_TEXT + 1)
    except OSError as error:
        raise UnreadableTextError(f"{path.name!r} cannot be opened: {error.strerror or type(error).__name__}") from None
    if len(data) > MOST_TEXT:
        raise UnreadableTextError(f"{path.name!r} has more than {MOST_TEXT:,} bytes")
    return data


def _decoded(data: bytes, asked: Reading) -> str:
    encoding, errors = asked.encoding or "utf-8", asked.errors or "strict"
    if encoding.lower() == "locale":
        raise UnreadableTextError("the encoding of the machine is another one in a task")
    try:
        return io.TextIOWrapper(io.BytesIO(data), encoding, errors, asked.newline).read()
    except UnicodeError as error:
        reason = f"{error.reason} at byte {error.start}" if isinstance(error, UnicodeDecodeError) else str(error)
        raise UnreadableTextError(f"{asked.path.name!r} is not {encoding}: {reason}") from None
    except (LookupError, ValueError) as error:
        raise UnreadableTextError(str(error)) from None
