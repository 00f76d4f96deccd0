"""What a step writes, line by line, also from processes that it starts."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def captured(tell: Callable[[str], None]) -> Iterator[None]:
    """Give `tell` each line that is written to standard output or error."""
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    before = [(n, os.dup(n)) for n in (1, 2)]
    for n, _ in before:
        os.dup2(write, n)
    os.close(write)

    def listen() -> None:
        with os.fdopen(read, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                tell(line.rstrip("\n"))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for n, kept in before:
            os.dup2(kept, n)
            os.close(kept)
        listener.join(timeout=5)
