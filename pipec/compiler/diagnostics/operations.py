"""3xx: settings that are likely to disappoint whoever is paged."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding, Label
from pipec.ir import Span


@dataclass(frozen=True)
class IdleAccelerator(Finding):
    """A step asks for a GPU, and nothing that its code imports can use one.

    The most expensive machine of the cluster would be kept busy with work for a CPU.

    Example:

        @step(gpu="a100")
        def clean(rows: list) -> list:
            return [row for row in rows if row]

    Use instead: no `gpu`, or ask for it in the step that trains.
    """

    step: str

    code = "PC305"
    name = "idle-accelerator"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} asks for a GPU and imports no library that uses one"


@dataclass(frozen=True)
class LimitBelowRequest(Finding):
    """A step may use less than it asks for; Kubernetes takes no such pod.

    Example:

        @step(memory="8Gi", memory_limit="4Gi")
        def train(n: int) -> int:
            return n

    Use instead: a limit that is the request or more.
    """

    step: str
    what: str
    request: str
    limit: str

    code = "PC306"
    name = "limit-below-request"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} asks for {self.request} of {self.what} and is limited to {self.limit}"

    @property
    def help(self) -> str:
        return "Kubernetes refuses the pod: raise the limit, or ask for less"


@dataclass(frozen=True)
class RepeatedEffect(Finding):
    """A step is retried, and what it does outside of itself is done again by every attempt.

    An attempt that fails after the effect leaves it behind, and the next one adds to it.

    Example:

        @step(retries=3)
        def log(n: int) -> int:
            with open("/shared/log.txt", "a") as file:
                file.write(f"{n}")
            return n

    Use instead: write the whole result to a place of its own, replace instead of append (`INSERT ... ON CONFLICT`), or
    put the effect into a step of its own without retries.
    """

    step: str
    what: str
    where: Span

    code = "PC307"
    name = "repeated-effect"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} is retried, and each attempt {self.what}"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, "done again by every attempt"),)


@dataclass(frozen=True)
class LargeValue(Finding):
    """A step returns a whole data set as a value; values travel through the orchestrator's own database.

    Orchestrators keep values in their metadata (an XCom, a parameter), which is made for kilobytes. Objects travel
    through the artifact store.

    Example:

        import pandas as pd

        @step
        def load(path: str) -> list:
            return pd.read_csv(path).to_dict("records")

    Use instead: the object itself as an artifact: `-> pd.DataFrame`, or a file: `-> Path`.
    """

    step: str
    what: str
    where: Span

    code = "PC308"
    name = "large-value"
    severity = "warning"

    @property
    def message(self) -> str:
        return (
            f"step {self.step!r} returns what `{self.what}` gives as a value; all of it goes through the orchestrator"
        )

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, "this may be large"),)

    @property
    def help(self) -> str:
        return "annotate the result as the object itself, or as a file (`-> Path`): then it is an artifact"


@dataclass(frozen=True)
class MovingImage(Finding):
    """The image of a step has no version: the same pipeline runs other code tomorrow.

    Example:

        @step(image="team/train:latest")
        def train(n: int) -> int:
            return n

    Use instead: a tag that is never given to another image, or a digest (`team/train@sha256:...`).
    """

    step: str
    image: str

    code = "PC309"
    name = "moving-image"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} runs in {self.image!r}, which is another image whenever somebody pushes one"


@dataclass(frozen=True)
class UnpinnedPackage(Finding):
    """A requirement of a step names no version: the same pipeline installs other code tomorrow.

    Example:

        @step(packages=["humanize"])
        def work(n: int) -> int:
            return n

    Use instead: `packages=["humanize==4.9.0"]`.
    """

    step: str
    package: str

    code = "PC310"
    name = "unpinned-package"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} installs {self.package!r}, of whatever version there is then"


@dataclass(frozen=True)
class SkippedHour(Finding):
    """A schedule names a time that does not exist on the day on which the clocks are put forward.

    Schedulers leave that run out, or make it an hour later.

    Example:

        @pipeline(schedule=Cron("30 2 * * *", timezone="Europe/Berlin"))
        def nightly(n: int = 1) -> int:
            return work(n)

    Use instead: another hour, or UTC.
    """

    time: str
    zone: str

    code = "PC318"
    name = "skipped-hour"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"there is no {self.time} in {self.zone}, when the clocks are put forward: that run is left out or late"


@dataclass(frozen=True)
class UnsteadyCache(Finding):
    """A step is cached, and its code looks at the time, at chance or at its environment, which are no part of the key.

    Example:

        import random

        @step(cache=True)
        def sample(n: int) -> list:
            return [random.random() for i in range(n)]

    Use instead: a seed or the date as an argument; `cache` left out where the result has to be new.
    """

    step: str
    what: str
    where: Span

    code = "PC319"
    name = "unsteady-cache"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} is cached, and its result depends on `{self.what}`, which is no part of the key"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.where, "another result for the same arguments"),)


@dataclass(frozen=True)
class SilentDeadline(Finding):
    """A step is ended before its deadline, so that nobody is ever told that it takes long.

    Example:

        @step(timeout="1h", deadline="2h")
        def train(n: int) -> int:
            return n

    Use instead: a deadline before the time limit; `on_failure` tells of a step that its time limit has ended.
    """

    step: str
    deadline: str
    timeout: str

    code = "PC322"
    name = "silent-deadline"
    severity = "warning"

    @property
    def message(self) -> str:
        return f"step {self.step!r} is ended after {self.timeout}, and its deadline is {self.deadline}"

    @property
    def help(self) -> str:
        return "nobody is ever told: put the deadline before the time limit, or use `on_failure`"
