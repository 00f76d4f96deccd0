"""The findings of one run, collected; nothing is raised for a user's mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipec.compiler.diagnostics.finding import Finding


@dataclass
class Report:
    """Findings in the order in which they were met; `sorted()` gives the order of the source."""

    findings: list[Finding] = field(default_factory=list)
    _seen: set[Finding] = field(default_factory=set, repr=False, compare=False)

    def add(self, finding: Finding) -> None:
        """Collect `finding`; the same one twice counts once."""
        if finding not in self._seen:
            self._seen.add(finding)
            self.findings.append(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Collect all of `findings`."""
        for finding in findings:
            self.add(finding)

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return any(f.severity == "error" for f in self.findings)

    def sorted(self) -> list[Finding]:
        """By file, position, code and target."""
        return sorted(
            self.findings, key=lambda f: (f.span.file, f.span.line, f.span.column, f.code, f.about, f.message)
        )

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.sorted())
