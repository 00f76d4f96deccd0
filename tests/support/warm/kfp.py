"""`python -m tests.support.warm.kfp`: the runner of the backend, with the programs of the steps forked from a warm Python.

kfp.local starts a shell and a Python for every step. The shell does nothing but write the program to a file and start
it, which is done here; whatever else a command does is left to the shell.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import subprocess
import tempfile
import types
from pathlib import Path
from typing import Any

from tests.support.warm.zygote import Process, Zygote

MODULES = (
    "argparse", "base64", "contextlib", "copy", "dataclasses", "datetime", "enum", "functools", "hashlib", "inspect", "io", "itertools", "json",
    "math", "os", "pathlib", "pickle", "re", "shutil", "tarfile", "tempfile", "typing", "uuid",
)  # fmt: skip
LIBRARIES = ("numpy", "pandas", "sklearn.linear_model", "sklearn.datasets")
"""What samples and cases import again and again, where it is installed."""
WRITES = re.compile(
    r"""program_path=\$\(mktemp -d\)\n\nprintf "%s" "\$0"( \| sed 's/(?P<mark>[^/]+)//g')? > "\$program_path/ephemeral_component.py"\n"""
    r"""python3 -u "\$program_path/ephemeral_component.py" "\$@"\n"""
    r"""test -e "\$program_path/done" #[^\n]*\n"""
)


def main() -> None:
    """Import, fork, and serve."""
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # threads do not survive a fork
    for name in MODULES:
        importlib.import_module(name)
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    zygote = Zygote.start(lambda: None)
    from pipec.backends.kfp import hooks, runner
    from pipec.compiler.backend.worker import serve

    def popen(command: list[str], *, env: dict[str, str], cwd: Path, **options: Any) -> Any:
        found = WRITES.fullmatch(command[2]) if command[:2] == ["sh", "-ec"] else None
        if found is None:
            known = command[:2] != ["sh", "-ec"] or command[2].startswith("export ")
            assert known, f"programs start otherwise than they did: {command[2]}"
            return subprocess.Popen(command, env=env, cwd=cwd, **options)
        program = Path(tempfile.mkdtemp(dir=env["TMPDIR"]), "ephemeral_component.py")
        program.write_text(command[3].replace(found["mark"], "") if found["mark"] else command[3], encoding="utf-8")
        return Process(
            zygote, ["python3", str(program), *command[4:]], env, str(cwd), text=True, merged=True, session=True
        )

    hooks.subprocess = types.SimpleNamespace(
        Popen=popen, PIPE=subprocess.PIPE, STDOUT=subprocess.STDOUT, DEVNULL=subprocess.DEVNULL
    )
    hooks.install()
    serve(runner.run)


if __name__ == "__main__":
    main()
