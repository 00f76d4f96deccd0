"""Comparing calls that shared a task with the same calls in plain Python, where each one stands for itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pipec.api.outcome import Entry, Index, Outcome

Key = tuple[str, Index]


@dataclass(frozen=True)
class Together:
    """One run of a task that stands for several calls, on the target and in plain Python."""

    ours: tuple[Entry, ...]
    """The calls in plain Python, in their order."""
    theirs: tuple[Entry, ...]

    @property
    def label(self) -> str:
        """For people: `load, clean`."""
        return ", ".join(entry.label for entry in self.ours)

    def difference(self, certain: Collection[Key]) -> tuple[str, str] | None:
        """What plain Python says and what the target has done, where they differ. `certain`: calls to be compared."""
        expected, actual = self._expected(certain), _told(self.theirs)
        if sum(entry.status == "failed" for entry in self.theirs) > 1 and expected is not None:
            expected = expected.partition(": ")[0]  # nobody knows which of them it was
        if expected is None or self._fits(expected, actual):
            return None
        return expected, actual

    def _expected(self, certain: Collection[Key]) -> str | None:
        known = [entry for entry in self.ours if entry.key in certain]
        if any(entry.status == "failed" for entry in known) or len(known) == len(self.ours):
            return _told(self.ours)
        return None

    def _fits(self, expected: str, actual: str) -> bool:
        if expected != actual or not actual.startswith("succeeded"):
            return expected == actual
        if any(entry.status == "cached" for entry in (*self.ours, *self.theirs)):
            return True
        # every attempt of the task is one of all calls up to the one that fails
        attempts = [entry.attempts for entry in self.ours]
        return max(attempts) <= self.theirs[0].attempts <= 1 + sum(n - 1 for n in attempts)


def _told(entries: Sequence[Entry]) -> str:
    """What has become of the task that `entries` share."""
    failed = [entry for entry in entries if entry.status == "failed"]
    if failed:
        where = f": {failed[0].step}" if len(failed) == 1 else ""
        return f"failed after {failed[0].attempts} attempt{'' if failed[0].attempts == 1 else 's'}{where}"
    return "succeeded" if any(entry.executed for entry in entries) else "not executed"


def together(reference: Outcome, outcome: Outcome) -> Iterator[Together]:
    """The tasks of `outcome` that stand for several calls, each with the same calls of `reference`."""
    ours = {entry.key: entry for entry in reference.steps}
    theirs = {entry.key: entry for entry in outcome.steps}
    for calls in outcome.shared:
        for index in dict.fromkeys(key[1] for key in (*ours, *theirs) if key[0] == calls[0]):
            keys = [(call, index) for call in calls]
            if all(key in ours and key in theirs for key in keys):
                yield Together(tuple(ours[key] for key in keys), tuple(theirs[key] for key in keys))
