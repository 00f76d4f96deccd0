"""Quantities as people write them, in exact units: bytes, millicores, seconds. `ValueError` says what is accepted."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_BYTES = {
    "": 1, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip
_SECONDS: dict[str, int | Fraction] = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "ms": Fraction(1, 1000)}
_TIMES = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_MOST = 2**63 - 1
"""The largest amount that Kubernetes counts."""
_LONGEST = 100 * 366 * 86400
"""Seconds; what all targets can add to a date, and more than anybody waits."""
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]*)\s*\Z")


def parse_bytes(value: object) -> int:
    """Bytes of `"4Gi"`, `"16GB"`, `"500Mi"` or a plain number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST:
        return value
    match = _NUMBER.match(value) if isinstance(value, str) else None
    unit = match[2].removesuffix("B").removesuffix("b") if match else None
    if match is None or unit not in _BYTES:
        raise ValueError(f'{value!r} is no amount of memory; write "4Gi", "512Mi" or "16GB"')
    size = Fraction(match[1]) * _BYTES[unit]
    if size > _MOST:
        raise ValueError("it is more than any machine has")
    if size.denominator != 1 or size <= 0:
        raise ValueError(f"{value!r} is no whole positive number of bytes")
    return int(size)


def parse_cpu(value: object) -> int:
    """Millicores of `2`, `0.5`, `"2"` or `"500m"`."""
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    match = _NUMBER.match(text) if isinstance(text, str) else None
    if match is None or match[2] not in ("", "m"):
        raise ValueError(f'{value!r} is no amount of CPU; write 2, 0.5 or "500m"')
    milli = Fraction(match[1]) * (1 if match[2] else 1000)
    if milli > _MOST:
        raise ValueError("it is more than any machine has")
    if milli.denominator != 1 or milli <= 0:
        raise ValueError(f"{value!r} is no whole positive number of millicores")
    return int(milli)


def parse_duration(value: object) -> float:
    """Seconds of `"90s"`, `"30m"`, `"2h"`, `"1h30m"`, `"7d"` or a plain number of seconds."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} is no duration")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = Fraction(value)
    elif isinstance(value, str) and re.fullmatch(r"(\d+(\.\d+)?(ms|[smhdw])\s*)+", value.strip()):
        parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", value)
        seconds = sum((Fraction(n) * _SECONDS[u] for n, u in parts), Fraction(0))
    else:
        raise ValueError(f'{value!r} is no duration; write "30s", "15m", "2h" or "7d"')
    if seconds < 0:
        raise ValueError(f"{value!r} is negative")
    if seconds > _LONGEST:
        raise ValueError("it is longer than 100 years")
    return int(seconds) if seconds.denominator == 1 else float(seconds)


def duration(seconds: float) -> str:
    """A time as it is written: `"2h"`, `"90s"`."""
    if seconds != int(seconds):
        return f"{seconds:g}s"
    for unit, factor in _TIMES:
        if seconds and seconds % factor == 0:
            return f"{int(seconds) // factor}{unit}"
    return "0s"
