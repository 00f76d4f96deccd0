"""A campaign: many random modules, one after another, and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipec.api.workers import Worker
from tests.fuzz.judge import Judge, Verdict
from tests.fuzz.nesting import Shape, shape
from tests.fuzz.shrink import shrink
from tests.support.generator import LANGUAGE, seeded


@dataclass(frozen=True)
class Disagreement:
    """A module that a target runs otherwise than plain Python."""

    number: int
    target: str
    verdict: Verdict
    source: str
    smallest: str

    def text(self) -> str:
        """The difference, then the module, as a file that can be run."""
        words = "\n".join(self.verdict.words).strip()
        said = "\n".join(f"# {line}".rstrip() for line in words.splitlines())
        return f"# module {self.number} on {self.target}: {self.verdict.kind}\n{said}\n\n{self.smallest}"


@dataclass
class Campaign:
    """What to generate, and what came of it so far."""

    seed: int
    targets: Sequence[str]
    features: frozenset[str] = LANGUAGE
    size: int = 12
    shrink_seconds: float = 120.0
    say: Callable[[str], None] = lambda text: None
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)

    def run(self, numbers: Sequence[int], folder: Path, lent: Mapping[str, Worker] | None = None) -> None:
        """Judge those modules; the processes in `lent` are used, and left running."""
        judge = Judge(self.targets, folder, lent=lent or {})
        try:
            for number in numbers:
                self._one(judge, number, folder)
        finally:
            judge.close()

    def _one(self, judge: Judge, number: int, folder: Path) -> None:
        source = seeded(self.seed, number, self.features, self.size)
        found = judge.judge(source)
        taken = "metaflow" in found and found["metaflow"].status != "refused"
        if taken and (made := shape(source, folder)) is not None:
            self.shapes.append(made)
        told = []
        for target, verdict in found.items():
            self.verdicts.setdefault(target, []).append(verdict)
            told.append(f"{target} {verdict.status} {verdict.kind} {verdict.seconds:.1f}s")
            if verdict.status == "disagreed":
                self.say(f"{number}: {target} disagrees ({verdict.kind}); shrinking")
                made = Disagreement(number, target, verdict, source, self._shrunk(judge, source, target, verdict))
                self.disagreements.append(made)
                self.say(made.text())
            elif verdict.status == "refused":
                told += verdict.words[:3]
        self.say(f"{number}: " + "; ".join(told))

    def _shrunk(self, judge: Judge, source: str, target: str, verdict: Verdict) -> str:
        crash = verdict.kind.startswith("crash")

        def still(text: str) -> bool:
            found = judge.judge(text, [target], build_only=crash).get(target)
            return found is not None and (found.status, found.kind) == ("disagreed", verdict.kind)

        return shrink(source, still, self.shrink_seconds) if self.shrink_seconds else source

    def summary(self) -> str:
        """Counts for each target, and how Metaflow nests."""
        lines = []
        for target, verdicts in sorted(self.verdicts.items()):
            count = Counter(v.status for v in verdicts)
            codes = Counter(v.kind for v in verdicts if v.status == "refused")
            failed = sum(v.status == "agreed" and v.kind == "failed" for v in verdicts)
            ran = [v.seconds for v in verdicts if v.seconds]
            parts = [f"{count[s]} {s}" for s in ("agreed", "refused", "disagreed")]
            lines.append(
                f"{target}: {', '.join(parts)} of {len(verdicts)}; {failed} of them fail as they should; "
                f"refused {count['refused'] / len(verdicts):.0%} {dict(codes) or ''}; "
                f"{sum(ran) / max(len(ran), 1):.2f} s each"
            )
        if self.shapes:
            ratio = sum(s.ratio for s in self.shapes) / len(self.shapes)
            worst, most = max(s.ratio for s in self.shapes), max(s.paths for s in self.shapes)
            lines.append(
                f"metaflow's nesting: critical path {ratio:.3f} of the graph's on average, {worst:.2f} at most; {most} paths at most"
            )
        return "\n".join(lines)
