"""Containers: a Python program in a fork of this process, which has the large libraries imported already.

A program sees its command line, its environment, its own working folder, and a private root for the launcher's files.
"""

from __future__ import annotations

import contextlib
import gc
import os
import re
import select
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.support.pipelinespec.errors import DriverError
from tests.support.pipelinespec.objects import Objects

EXPORT = re.compile(r"export (\w+)=((?:'[^']*'|\\')*)\n")
SPLIT = re.compile(r"sed 's/(@split\d*@)//g'")
ROOTED = 'return "/" + uri'
"""How pipec's programs find the launcher's files, for which there is no folder of that name here."""
OWN = ("pipec", "tests")
_HIDDEN: list[ModuleType] = []
"""Modules taken out of sight; to destroy them would cost more than the program."""
LONGEST = 128 * 1024
"""Linux takes no longer argument."""


@dataclass(frozen=True)
class Ended:
    """One attempt of a container."""

    status: int
    output: str


def expanded(text: str, environment: dict[str, str]) -> str:
    """What Kubernetes makes of an element of a container's command or arguments."""
    return re.sub(r"\$(?:\$|\(([^)]*)\))", lambda m: "$" if m[0] == "$$" else environment.get(m[1], m[0]), text)


def own_environment(entries: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The variables of a container, as Kubernetes expands them: each may mention those before it."""
    known: dict[str, str] = {}
    for entry in entries:
        known[entry["name"]] = expanded(entry["value"], known)
    return known


def exports(command: list[str]) -> dict[str, str]:
    """The variables that the shell of a container sets before the program."""
    found, start, place = {}, command[-2] if command[-3:-2] == ["-ec"] else "", 0
    while line := EXPORT.match(start, place):
        found[line[1]] = "".join(shlex.split(line[2]))
        place = line.end()
    return found


def program_of(command: list[str]) -> str:
    """The Python program in a container's command: `python3 -c PROGRAM`, or a shell that writes it into a file."""
    match command:
        case [*_, "sh", "-ec", start, text]:
            mark = SPLIT.search(start)
            return text.replace(mark[1], "") if mark else text
        case ["python3", "-u", "-c", text] | ["python3", "-c", text]:
            return text
    raise DriverError(f"cannot run {command[:3]} here")


def run(
    command: list[str],
    arguments: list[str],
    environment: dict[str, str],
    root: Path,
    limit: float | None,
    store: Objects | None = None,
) -> Ended:
    """Run one attempt in `root`; the exit status and what it has printed. `store`: what its program can read there."""
    if any(len(part.encode()) >= LONGEST for part in (*command, *arguments)):
        raise DriverError("argument list too long")
    command, arguments = ([expanded(part, environment) for part in parts] for parts in (command, arguments))
    text = program_of(command).replace(ROOTED, f"return {str(root)!r} + '/' + uri")

    def work() -> None:
        os.environ.clear()
        os.environ.update(environment | exports(command))
        for folder in ("tmp", "home", "start"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        os.environ |= {"TMPDIR": str(root / "tmp"), "HOME": str(root / "home")}
        os.chdir(root / "start")
        file = root / "tmp" / "ephemeral_component.py"
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
        sys.argv = [str(file), *arguments]
        if store is not None and "fsspec" in text:
            store.mount()
        as_main(text, str(file))

    ended = forked(work, limit)
    if ended.status == 0 and "/done" in command[-2] and not (root / "tmp" / "done").exists():
        return Ended(1, ended.output)
    return ended


def as_main(text: str, file: str) -> None:
    """Run a program as Python itself does, without the modules of this test suite."""
    home = str(Path(__file__).parents[3])
    sys.path[:] = [str(Path(file).parent), *(p for p in sys.path if p and os.path.abspath(p) != home)]
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        _HIDDEN.append(sys.modules.pop(name))
    main = ModuleType("__main__")
    main.__file__ = file
    sys.modules["__main__"] = main
    exec(compile(text, file, "exec"), main.__dict__)  # the user's own pipeline


def forked(work: Callable[[], None], limit: float | None = None) -> Ended:
    """Do `work` in a process of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # else a collection in the child touches, and so copies, all that is here
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setsid()
            os.close(read)
            os.dup2(write, 1)
            os.dup2(write, 2)
            sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
            sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
            status = _guarded(work)
        finally:
            os._exit(status)
    os.close(write)
    return _await(child, read, limit)


def _guarded(work: Callable[[], None]) -> int:
    import traceback

    try:
        work()
        return 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _await(child: int, read: int, limit: float | None) -> Ended:
    """Collect the output until the process has ended, or its time is over."""
    end = time.monotonic() + limit if limit is not None else None
    chunks: list[bytes] = []
    while True:
        left = None if end is None else max(0.0, end - time.monotonic())
        if not select.select([read], [], [], left)[0]:
            chunks.append(b"\npod was active on the node longer than the specified deadline\n")
            _kill(child)
            break
        data = os.read(read, 65536)
        if not data:
            break
        chunks.append(data)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _kill(child)  # what it has left behind
    os.close(read)
    return Ended(status, b"".join(chunks).decode(errors="replace"))


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
