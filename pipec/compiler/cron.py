"""Cron expressions of five fields: what they mean, and which of their times the clock jumps over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    ("day of the week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)
"""Name, least and greatest value, and names of the values from the least on."""
EXTENSIONS = re.compile(r"[LW#?]")
"""Signs that some schedulers know besides; what they mean is left to the target."""
YEARS = range(2026, 2031)
"""When clocks are looked at: fixed, so that a finding does not come and go with the day of the build."""


@dataclass(frozen=True)
class Cron:
    """The values of each field."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """Sunday is 0."""
    either: bool
    """A day of the month and one of the week are both given: either will do."""

    def runs_on(self, day: date) -> bool:
        """Whether there is a run on `day`."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either else in_month and in_week


def parse(expression: str) -> Cron | None:
    """A cron expression; `None` where it has signs that not every scheduler knows. `ValueError` where it is none."""
    parts = expression.split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"{expression!r} has {len(parts)} fields, and not five")
    if any(EXTENSIONS.search(re.sub(r"[A-Za-z]{3}", "", part)) for part in parts):
        return None
    minutes, hours, days, months, weekdays = (_values(part, *field) for part, field in zip(parts, FIELDS))
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    return Cron(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)


def _values(text: str, name: str, least: int, most: int, names: tuple[str, ...]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            low, high = least, most
        else:
            low = _value(first, part, name, least, most, names)
            high = _value(last, part, name, least, most, names) if dash else most if slash else low
        if slash and not (step.isdigit() and int(step) > 0):
            raise ValueError(f"{part!r} is no {name}: a step is a number from 1 on")
        if low > high:
            raise ValueError(f"{part!r} is no {name}: it ends before it begins")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _value(text: str, part: str, name: str, least: int, most: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return least + names.index(text.upper())
    if not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"{part!r} is no {name}: {text!r} is not among {least} to {most}")
    return int(text)


def skipped(cron: Cron, zone: ZoneInfo) -> datetime | None:
    """The first time of `cron` that does not exist in `zone`, where the clocks are put forward; `None`: all exist.

    Runs of every hour are left alone: the next one comes soon.
    """
    if len(cron.hours) > 12:
        return None
    day, end = date(YEARS.start, 1, 2), date(YEARS.stop, 1, 1)
    while day < end:
        if _offset(day, zone) > _offset(day - timedelta(days=1), zone):
            for time in (t for near in (day - timedelta(days=1), day) for t in _times(cron, near)):
                there = time.replace(tzinfo=zone).astimezone(timezone.utc).astimezone(zone)
                if there.replace(tzinfo=None) != time:
                    return time
        day += timedelta(days=1)
    return None


def _times(cron: Cron, day: date) -> list[datetime]:
    """When there are runs on `day`, by the clock on the wall."""
    if not cron.runs_on(day):
        return []
    midnight = datetime(day.year, day.month, day.day)
    return [midnight.replace(hour=h, minute=m) for h in sorted(cron.hours) for m in sorted(cron.minutes)]


def _offset(day: date, zone: ZoneInfo) -> timedelta:
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()
    assert offset is not None
    return offset
