"""What pipec writes beside a document: when the pipeline runs, as a recurring run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipec.backends.kfp.reading.loading import UnreadableError, documents
from pipec.backends.kfp.recurring import ENDING, UNBOUNDED
from pipec.compiler.reading import Source
from pipec.ir import Schedule, Span

ZONE = re.compile(r"^# .*: it has to be (\S+)\.$", re.M)
"""What the file says of time zones, which a server has only one of."""
KNOWN = frozenset(
    {"job_name", "pipeline_package_path", "description", "cron_expression", "interval_second", "start_time", "end_time",
     "max_concurrency", "no_catchup"}
)  # fmt: skip
Lost = tuple[Span, str, str]
"""Place, setting, and why it is not kept."""


class Recurring:
    """The recurring run beside one document."""

    def __init__(self, source: Source) -> None:
        self.schedule: Schedule | None = None
        self.max_active_runs: int | None = None
        self.lost: list[Lost] = []
        own = source.beside(ENDING)
        if own is None:
            return
        try:
            found = documents(own)
        except UnreadableError as error:
            self.lost.append((error.span, "schedule", error.reason))
            return
        data = found[0].data if len(found) == 1 else None
        if not isinstance(data, Mapping) or data.get("pipeline_package_path") != source.path.name:
            self.lost.append((own.start, "schedule", f"the file beside it is no recurring run of `{source.path.name}`"))
            return
        self._read(own, data, found[0].places)

    def _read(self, own: Source, given: Mapping[str, Any], places: Mapping[tuple[str, ...], Span]) -> None:
        zone = ZONE.search(own.text)
        plan: dict[str, Any] = {"timezone": zone[1]} if zone else {}
        for setting, value, reason in self._parts(given):
            if reason:
                self.lost.append((places.get((setting,), own.start), setting, reason))
            elif setting == "max_concurrency":
                self.max_active_runs = None if value == UNBOUNDED else value
            else:
                plan[setting] = value
        if {"cron", "every"} & plan.keys():
            self.schedule = Schedule(**plan)

    def _parts(self, given: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
        """Setting of ours, value, and what is wrong with it, under its own name then."""
        for key, value in given.items():
            match key, value:
                case "interval_second" | "max_concurrency", bool():
                    yield str(key), value, "its value is no number"
                case "cron_expression", str() if re.fullmatch(r"0(?: +[^ ]+){5}", value.strip()):
                    yield "cron", " ".join(value.split()[1:]), ""
                case "interval_second", int() if value > 0 and "cron_expression" not in given:
                    yield "every", float(value), ""
                case "start_time" | "end_time", str():
                    yield key.partition("_")[0], value, ""
                case "max_concurrency", int() if 1 <= value <= UNBOUNDED:
                    yield key, value, ""
                case "no_catchup", bool():
                    yield "catchup", not value, ""
                case "job_name" | "pipeline_package_path" | "description", _:
                    pass
                case _:
                    reason = "its value is none that pipec writes" if key in KNOWN else "pipec has no setting for it"
                    yield str(key), value, reason
