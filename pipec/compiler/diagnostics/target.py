"""4xx: what a target cannot express."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class _TargetFinding(Finding):
    target: str
    feature: str
    what: str
    """The feature in words."""
    subject: str
    note: str
    """From the capability table."""

    @property
    def _where(self) -> str:
        return f" ({self.subject})" if self.subject else ""

    @property
    def same(self) -> object:
        return (self.code, self.target, self.note) if self.severity != "error" else None

    @property
    def topic(self) -> str:
        return self._bare + self._where

    @property
    def _bare(self) -> str:
        return re.sub(r"^(?:an?|the) ", "", self.what)


@dataclass(frozen=True)
class UnsupportedFeature(_TargetFinding):
    """The target cannot express this, and pipec has no faithful emulation of it.

    Building stops for that target; the others are built. `pipec targets` lists what each target can do.

    Example: a step that is a container has no counterpart on Metaflow.

    Use instead: a function step, or another target.
    """

    code = "PC401"
    name = "unsupported-feature"

    @property
    def message(self) -> str:
        return f"{self.target} has no {self._bare}{self._where}"

    @property
    def help(self) -> str:
        return self.note


@dataclass(frozen=True)
class LossyFeature(_TargetFinding):
    """The target takes this only in part; the message names what is lost.

    An error under `--strict`. `pipec targets` lists every lossy row.

    Example: a delay between retries on a target whose retries are immediate.

    Use instead: leave the setting out for that target, or accept the loss.
    """

    code = "PC402"
    name = "lossy-feature"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"{self.target} keeps {self.what}{self._where} only in part: {self.note}"


@dataclass(frozen=True)
class EmulatedFeature(_TargetFinding):
    """The target has no such thing of its own; the generated code does it.

    Nothing is lost. The note says by which means.

    Example: result caching on a target that has none.

    Use instead: nothing; this is for your information.
    """

    code = "PC403"
    name = "emulated-feature"
    severity = "info"

    @property
    def message(self) -> str:
        return f"{self.target} has no {self._bare} of its own{self._where}; emulated: {self.note}"


@dataclass(frozen=True)
class LossySetting(Finding):
    """A setting's value does not fit the target's unit or range, and was changed as the message says.

    Units are converted exactly where they can be. Where a target counts in coarser units, pipec rounds up and says so.

    Example: a time limit of 90 seconds on a target that counts whole minutes.

    Use instead: a value in the target's unit.
    """

    target: str
    step: str
    setting: str
    loss: str
    """Such as "90 s becomes 2 min"."""

    code = "PC404"
    name = "lossy-setting"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"{self.setting} of {self.step!r} on {self.target}: {self.loss}"


@dataclass(frozen=True)
class AddedOrder(Finding):
    """A task waits for another although the source does not ask for it.

    The target takes only nested forks and joins, so an arbitrary graph needs a few more precedences. pipec picks those
    that lengthen the critical path least and names each.

    Example: a -> c, a -> d, b -> d cannot be nested: `c` also waits for `b`.

    Use instead: nothing, or restructure the pipeline so that forks and joins nest.
    """

    target: str
    waiting: str
    """The task that now waits."""
    waits_for: str

    code = "PC405"
    name = "added-order"
    severity = "info"

    @property
    def message(self) -> str:
        return f"on {self.target}, {self.waiting!r} also waits for {self.waits_for!r}"


@dataclass(frozen=True)
class UnsupportedForm(Finding):
    """The target has the feature, but not in this form.

    The message says which form it is and what to write.

    Example: a container step without a command on KFP, which does not start the image's own entry point.

    Use instead: `container("image:1", command=["train"], ...)`.
    """

    target: str
    subject: str
    reason: str

    code = "PC408"
    name = "unsupported-form"

    @property
    def message(self) -> str:
        return f"{self.target} cannot run {self.subject!r}: {self.reason}"


@dataclass(frozen=True)
class TargetLimit(Finding):
    """The pipeline is more than the target, or one of its deployers, copes with.

    The note gives the limit and where it comes from.

    Example: a Metaflow flow with 16 forks and joins in a row: its validator follows all 65,536 paths.

    Use instead: fewer forks in a row, a fan-out instead of separate calls, or sub-pipelines of their own.
    """

    target: str
    limit: str

    code = "PC406"
    name = "target-limit"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"{self.target}: {self.limit}"


@dataclass(frozen=True)
class RefusedSetting(Finding):
    """A setting has a value that the target would reject.

    Example: five retries on Metaflow, which takes four at the most.

    Use instead: a value inside the limit, or another target.
    """

    target: str
    step: str
    setting: str
    reason: str

    code = "PC407"
    name = "refused-setting"

    @property
    def message(self) -> str:
        return f"{self.target} cannot take {self.setting} of {self.step!r}: {self.reason}"
