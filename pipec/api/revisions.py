"""Sources as they were at a git revision, in throw-away folders; the repository itself is only read."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

from pipec.api.sources import UsageError


def located(operand: str, other: str, folder: Path) -> str:
    """The source that `operand` names.

    `operand` is a source as it lies there, `REVISION`, or `REVISION:SRC`. A bare revision means the same source as
    `other`, or all of the current folder where that is one too. `folder` is empty, and gets what is checked out.
    """
    if _is_source(operand):
        return operand
    revision, colon, path = operand.partition(":")
    if not _is_revision(revision):
        raise UsageError(f"{operand} is neither a file, a folder nor a git revision")
    top = Path(_git("rev-parse", "--show-toplevel").strip())
    here = Path.cwd()
    if not colon:
        path = other if _is_source(other) else "."
    elif not path.startswith(("./", "../")):
        here = top  # as git has it
    whole = Path(os.path.normpath(here / path))
    if not whole.is_relative_to(top):
        raise UsageError(f"{path} is not in the repository of {revision}")
    _check_out(revision, folder, top)
    return str(folder / whole.relative_to(top))


def _is_source(operand: str) -> bool:
    """Whether `operand` is there: a file, a folder, or `FILE:PIPELINE`."""
    return os.path.lexists(operand) or os.path.lexists(operand.rpartition(":")[0] or "/nowhere/at/all")


def _is_revision(name: str) -> bool:
    if not name or name.startswith("-"):
        return False
    try:
        _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except UsageError:
        return False
    return True


def _check_out(revision: str, folder: Path, top: Path) -> None:
    """Write the files of `revision` to `folder`: what git calls an archive, without links that lead outside."""
    data = subprocess.run(
        ["git", "-C", str(top), "archive", "--format=tar", revision], capture_output=True, check=True
    ).stdout  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder, filter="data")
    (folder / ".git").mkdir(exist_ok=True)  # the root of the project, as it is where the repository lies


def _git(*arguments: str) -> str:
    """What git says in the current folder; `UsageError` where it says no, or is not there."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UsageError(f"git is needed for revisions, and cannot be run: {error.strerror}") from error
    if done.returncode:
        raise UsageError(done.stderr.strip().removeprefix("fatal: ") or "git does not know it")
    return done.stdout
