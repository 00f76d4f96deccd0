"""`python -m tests.support.warm.metaflow`: the runner of the backend, with Metaflow's processes forked from a warm one.

Metaflow starts a process for the run and one for every task, each of which imports Metaflow anew. Here both kinds are
forks of a process that has imported it and nothing of any flow; the run itself is Metaflow's own, unchanged.
"""

from __future__ import annotations

import importlib
import os
import sys
import types

from tests.support.warm.zygote import Process, Zygote

MODULES = (
    "metaflow", "metaflow.cli", "metaflow.runtime", "metaflow.task", "metaflow.plugins", "metaflow.lint",
    "metaflow.plugins.datastores.local_storage", "metaflow.plugins.metadata_providers.local", "metaflow.client.core",
    "metaflow.plugins.env_escape", "metaflow.mflog.save_logs", "pickle", "fcntl", "concurrent.futures", "typing_extensions",
)  # fmt: skip
"""Not the modules of its commands, which look at the flow's parameters when they are imported."""


def _prepare() -> None:
    """Let a fork see the environment that it has: Metaflow reads it when it is imported."""
    from metaflow import metaflow_config
    from metaflow.plugins.datastores import local_storage

    root = os.environ.get("METAFLOW_DATASTORE_SYSROOT_LOCAL")
    metaflow_config.DATASTORE_SYSROOT_LOCAL = root
    local_storage.DATASTORE_SYSROOT_LOCAL = root
    local_storage.LocalStorage.SYSROOT_VAR = root
    _patch(Zygote(os.environ["ZYGOTE"]))


def _patch(zygote: Zygote) -> None:
    """Have Metaflow's runtime start its tasks by forks too."""
    from metaflow import runtime

    def popen(cmdline: list[str], env: dict[str, str], **_: object) -> Process:
        return Process(zygote, cmdline, env)

    runtime.subprocess = types.SimpleNamespace(Popen=popen, PIPE=-1)


def main() -> None:
    """Import, fork, and serve."""
    os.environ["METAFLOW_USER"] = "pipec"  # read when it is imported, and the same in all runs
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:  # of another version of Metaflow
            continue
    zygote = Zygote.start(_prepare)
    from pipec.backends.metaflow import runner
    from pipec.compiler.backend.worker import serve

    def popen(command: list[str], cwd: object, env: dict[str, str], **_: object) -> Process:
        return Process(zygote, command, {**env, "ZYGOTE": zygote.address}, str(cwd), text=True)

    runner.subprocess = types.SimpleNamespace(Popen=popen, PIPE=-1, DEVNULL=-3)
    serve(runner.run)


if __name__ == "__main__":
    sys.exit(main())
