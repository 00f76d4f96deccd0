"""9xx: faults of pipec itself."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class InternalError(Finding):
    """pipec itself failed. Your pipeline may be fine.

    Nothing was written that is half done. Please report it with the text that follows the finding, and with the
    pipeline if you can share it.

    Example: an exception inside pipec.

    Use instead: nothing; it is ours to fix.
    """

    reason: str

    code = "PC901"
    name = "internal-error"

    @property
    def message(self) -> str:
        return f"a bug of pipec: {self.reason}"

    @property
    def help(self) -> str:
        return "please report it with the text below"


@dataclass(frozen=True)
class RunnerFault(Finding):
    """The process that runs a pipeline on an orchestrator's local runner failed by itself.

    Example: a version of the orchestrator that pipec does not know yet.

    Use instead: a supported version (`pipec targets`); report it where the version is supported.
    """

    target: str
    reason: str

    code = "PC902"
    name = "runner-fault"

    @property
    def message(self) -> str:
        return f"the local runner of {self.target} failed by itself: {self.reason}"

    @property
    def help(self) -> str:
        return "`pipec targets` lists the supported versions; please report it if yours is among them"
