"""Model -> YAML: block style, keys in the model's order, long text as literal blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PLAIN = re.compile(r"(?:[A-Za-z_/$][\w./$()-]*(?::[\w./$()-]+)*(?: [\w./$()-]+)*|\d+\.\d+\.\d+|-[a-z]+)\Z", re.ASCII)
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
UNPRINTABLE = re.compile("[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\u2028|\u2029")


def document(data: Mapping[str, Any]) -> str:
    """`data` as one YAML document."""
    return "".join(_mapping(data, ""))


def _mapping(data: Mapping[str, Any], pad: str) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{pad}{scalar(key)}:", value, pad)


def _entry(head: str, value: Any, pad: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{head}\n"
        yield from _mapping(value, pad + "  ")
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        yield f"{head}\n"
        yield from _sequence(value, pad)
    elif isinstance(value, str) and "\n" in value and is_literal(value):
        yield f"{head} {literal(value, pad + '  ')}"
    else:
        yield f"{head} {scalar(value)}\n"


def _sequence(data: Sequence[Any], pad: str) -> Iterator[str]:
    for value in data:
        if isinstance(value, Mapping) and value:
            lines = _mapping(value, pad + "  ")
            yield f"{pad}- {next(lines)[len(pad) + 2:]}"
            yield from lines
        else:
            yield from _entry(f"{pad}-", value, pad)


def is_literal(text: str) -> bool:
    """Whether a literal block gives back exactly this text."""
    return not UNPRINTABLE.search(text) and not text.startswith((" ", "\n")) and bool(text.strip())


def literal(text: str, pad: str) -> str:
    """`text` as a literal block scalar: readable, and nothing in it needs an escape."""
    ending = len(text) - len(text.rstrip("\n"))
    body = text[:-1] if ending else text
    header = "|" if ending == 1 else "|+" if ending else "|-"
    return f"{header}\n" + "".join(f"{pad}{line}\n" if line else "\n" for line in body.split("\n"))


def scalar(value: object) -> str:
    """A scalar, plain where it reads back as the same text, else as a JSON string."""
    if isinstance(value, str):
        if PLAIN.match(value) and value.lower() not in WORDS:
            return value
        quoted = json.dumps(value)
        return PAIR.sub(lambda m: str(json.loads(f'"{m[0]}"')), quoted).replace("\x7f", "\\u007f")
    text = json.dumps(value)
    return text if not isinstance(value, float) or "." in text else text.replace("e", ".0e")


def comment(lines: Sequence[str]) -> str:
    """`lines` as comments."""
    return "".join(f"# {line}\n" if line else "#\n" for line in lines)
