"""A process that stays as it was after its imports, and forks whenever a Python program is to be started.

Starting a program by a fork of it takes milliseconds where importing an orchestrator takes a second. The child gets its
own arguments, environment, folder and pipes, and runs the program as `__main__`, as `python program.py` would.
"""

from __future__ import annotations

import array
import builtins
import contextlib
import io
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

Prepare = Callable[[], None]
"""Called in the child before the program runs, with its environment in place."""


class Zygote:
    """Fork one with `start`, before anything else is imported; then `Process` stands for `subprocess.Popen`."""

    def __init__(self, address: str) -> None:
        self.address = address

    @classmethod
    def start(cls, prepare: Prepare) -> Zygote:
        """Fork the process that will fork; it ends when this one does."""
        folder = tempfile.mkdtemp(prefix="zygote-")
        address = str(Path(folder) / "socket")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen(64)
        parent = os.getpid()
        if os.fork() == 0:
            try:
                _serve(listener, prepare, parent)
            finally:
                os._exit(0)
        listener.close()
        return cls(address)

    def spawn(
        self, args: list[str], env: dict[str, str], cwd: str, files: tuple[int, int, int], session: bool
    ) -> tuple[int, socket.socket]:
        """Start `python program.py ...`: its process, and the connection on which its exit status will arrive."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(self.address)
        request = json.dumps({"args": args, "env": env, "cwd": cwd, "session": session}).encode()
        rights = array.array("i", files)
        connection.sendmsg([len(request).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        connection.sendall(request)
        return int(_exactly(connection, 8)), connection


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        data = connection.recv(size - len(found))
        if not data:
            raise EOFError("the other side has gone")
        found += data
    return found


def _serve(listener: socket.socket, prepare: Prepare, parent: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for the programs
    listener.settimeout(5)
    while os.getppid() == parent:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _watch(connection, prepare)
            os._exit(0)
        connection.close()


def _watch(connection: socket.socket, prepare: Prepare) -> None:
    """Fork the program, and tell its process and how it ended."""
    size, rights, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * 4))
    files = list(array.array("i", rights[0][2]))
    request = json.loads(_exactly(connection, int.from_bytes(size, "big")))
    child = os.fork()
    if child == 0:
        connection.close()
        _become(request, files, prepare)
    for descriptor in files:
        os.close(descriptor)
    connection.sendall(f"{child:8d}".encode())
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):  # whoever asked may have gone
        connection.sendall(f"{os.waitstatus_to_exitcode(status):8d}".encode())


def _become(request: dict[str, Any], files: list[int], prepare: Prepare) -> None:
    """Run the program in this process, and end it as Python would."""
    code = 1
    try:
        if request["session"]:
            os.setsid()
        for wanted, descriptor in enumerate(files):
            os.dup2(descriptor, wanted)
        os.closerange(3, 256)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(
                os.fdopen(n, mode, closefd=False, buffering=0 if n else -1), encoding="utf-8", write_through=bool(n)
            )
            for n, mode in ((0, "rb"), (1, "wb"), (2, "wb"))
        )
        sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
        os.environ.clear()
        os.environ.update(request["env"])
        tempfile.tempdir = None
        os.chdir(request["cwd"])
        arguments = [a for a in request["args"][1:] if a != "-u"]
        sys.argv = arguments
        sys.path[0] = str(Path(arguments[0]).resolve().parent)
        prepare()
        _run(Path(arguments[0]))
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # what ends a program ends it with a traceback
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def _run(program: Path) -> None:
    """Run a program as `__main__`, with what the imported packages have put there for their pickles."""
    module = types.ModuleType("__main__")
    module.__dict__.update({k: v for k, v in vars(sys.modules["__main__"]).items() if isinstance(v, type)})
    module.__dict__.update(__file__=str(program), __builtins__=builtins)
    sys.modules["__main__"] = module
    exec(compile(program.read_bytes(), str(program), "exec"), module.__dict__)


class Process:
    """As much of `subprocess.Popen` as callers of programs use, for a program that the zygote runs."""

    def __init__(
        self, zygote: Zygote, args: list[str], env: dict[str, str], cwd: str | None = None, *,
        text: bool = False, merged: bool = False, session: bool = False,
    ) -> None:  # fmt: skip
        """`merged`: errors go where output goes; `session`: in a session of its own."""
        self.args = args
        self.returncode: int | None = None
        out, err = os.pipe(), os.pipe()
        with open(os.devnull) as nothing:
            files = (nothing.fileno(), out[1], out[1] if merged else err[1])
            self.pid, self._connection = zygote.spawn(args, env, cwd or os.getcwd(), files, session)
        os.close(out[1])
        os.close(err[1])
        self.stdin = None
        self.stdout, self.stderr = (_opened(descriptor, text) for descriptor in (out[0], err[0]))

    def poll(self) -> int | None:
        """The exit status, if it has ended."""
        if self.returncode is None:
            self._connection.setblocking(False)
            try:
                waiting = self._connection.recv(8, socket.MSG_PEEK)
            except BlockingIOError:
                return None
            finally:
                self._connection.setblocking(True)
            return self.wait() if len(waiting) in (0, 8) else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; the exit status."""
        if self.returncode is None:
            try:
                self.returncode = int(_exactly(self._connection, 8))
            except EOFError:
                self.returncode = -signal.SIGKILL
            self._connection.close()
        return self.returncode

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    terminate = kill


def _opened(descriptor: int, text: bool) -> IO[Any]:
    if text:
        return os.fdopen(descriptor, encoding="utf-8", errors="replace")
    return os.fdopen(descriptor, "rb", buffering=0)
