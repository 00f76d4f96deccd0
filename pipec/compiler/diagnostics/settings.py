"""2xx: settings of steps and pipelines that are wrong."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.compiler.diagnostics.finding import Finding


@dataclass(frozen=True)
class UnknownSetting(Finding):
    """`@step` or `@pipeline` has no such setting.

    Example:

        @step(memmory="2Gi")
        def f(n: int) -> int: ...

    Use instead: `memory="2Gi"`.
    """

    setting: str
    similar: str = ""

    code = "PC209"
    name = "unknown-setting"

    @property
    def message(self) -> str:
        return f"there is no setting {self.setting!r}"

    @property
    def help(self) -> str:
        return f"did you mean {self.similar!r}?" if self.similar else ""


@dataclass(frozen=True)
class InvalidSetting(Finding):
    """A setting has a value that it cannot have.

    Example:

        @step(memory="two gigabytes")
        def f(n: int) -> int: ...

    Use instead: a form of the language's table, such as `memory="2Gi"`.
    """

    setting: str
    reason: str

    code = "PC210"
    name = "invalid-setting"

    @property
    def message(self) -> str:
        return f"{self.setting}: {self.reason}"


@dataclass(frozen=True)
class UnknownGpu(Finding):
    """The site's GPU catalogue has no such name.

    Example:

        @step(gpu="nvidia-a1000000")
        def f(n: int) -> int: ...

    Use instead: a known name, or add the device under `[tool.pipec.gpu.<name>]`.
    """

    wanted: str
    known: tuple[str, ...]

    code = "PC211"
    name = "unknown-gpu"

    @property
    def message(self) -> str:
        return f"this site knows no GPU {self.wanted!r}"

    @property
    def help(self) -> str:
        return f"known: {', '.join(self.known)}" if self.known else "add it under `[tool.pipec.gpu.<name>]`"


@dataclass(frozen=True)
class CachedEffect(Finding):
    """A step that is called for its effect declares a cache; a hit would leave the effect out.

    Example:

        @step(cache=True)
        def notify(n: int) -> None: ...

        @pipeline
        def p(n: int = 3):
            notify(n)

    Use instead: leave `cache` out, or use the step's result.
    """

    step: str

    code = "PC212"
    name = "cached-effect"

    @property
    def message(self) -> str:
        return f"step {self.step!r} is called for its effect and must not be cached"
