"""A finding: one frozen dataclass per thing that can be said; its docstring is its `pipec explain` page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pipec.ir import Span

Severity = Literal["error", "warning", "info"]

FINDINGS: dict[str, type[Finding]] = {}
"""Code -> class, filled as the families are imported; `pipec.compiler.diagnostics.catalogue` imports them all."""


@dataclass(frozen=True)
class Label:
    """A second place that belongs to a finding."""

    span: Span
    text: str


@dataclass(frozen=True)
class Finding:
    """Base of all findings. A subclass names `code`, `name` and `severity`, and says its message.

    The docstring of a subclass: one line of what is wrong; why; an *Example* and *Use instead* as indented code.
    """

    span: Span

    code: ClassVar[str]
    """"PC" and three digits; the first is the family."""
    name: ClassVar[str]
    """The same in words, with dashes."""
    severity: ClassVar[Severity] = "error"

    def __init_subclass__(cls) -> None:
        if "code" in cls.__dict__:
            if cls.code in FINDINGS:
                raise TypeError(f"{cls.code} is taken by {FINDINGS[cls.code].__name__}")
            FINDINGS[cls.code] = cls

    @property
    def message(self) -> str:
        """What is wrong here, in one sentence without a full stop."""
        raise TypeError(f"{type(self).__name__} says nothing")

    @property
    def help(self) -> str:
        """What to write instead; "" where there is nothing to say."""
        return ""

    @property
    def labels(self) -> tuple[Label, ...]:
        """Second places."""
        return ()

    @property
    def same(self) -> object:
        """Equal for findings that say the same of several places: people are told once. `None`: it stands alone."""
        return None

    @property
    def topic(self) -> str:
        """What it is about, in a list of such findings."""
        return self.message

    @property
    def about(self) -> str:
        """The target that the finding is about; "" for all."""
        return getattr(self, "target", "")
