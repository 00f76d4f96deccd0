"""Model -> YAML: block style, keys in the model's order, long text as literal blocks."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

PLAIN = re.compile(r"(?:[A-Za-z_/$][\w./$()-]*(?::[\w./$()-]+)*(?: [\w./$()-]+)*|\d+\.\d+\.\d+|-[a-z]+)\Z", re.ASCII)
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
INNER = re.compile(r"^(?=[^\n])", re.M)
UNPRINTABLE = re.compile("[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\u2028|\u2029")


def document(data: dict[str, Any]) -> str:
    """`data` as one YAML document."""
    out: list[str] = []
    _mapping(data, "", "", out)
    return "".join(out)


def _mapping(data: dict[str, Any], first: str, pad: str, out: list[str]) -> None:
    """Lines of a mapping, the first of them after `first`, the others after `pad`."""
    start = first or pad
    for key, value in data.items():
        _entry(f"{start}{scalar(key)}:", value, pad, out)
        start = pad


def _entry(head: str, value: Any, pad: str, out: list[str]) -> None:
    if isinstance(value, dict) and value:
        out.append(f"{head}\n")
        _mapping(value, "", pad + "  ", out)
    elif isinstance(value, list) and value:
        out.append(f"{head}\n")
        _sequence(value, pad, out)
    elif isinstance(value, str) and "\n" in value and is_literal(value):
        out.append(f"{head} {literal(value, pad + '  ')}")
    else:
        out.append(f"{head} {scalar(value)}\n")


def _sequence(data: list[Any], pad: str, out: list[str]) -> None:
    for value in data:
        if isinstance(value, dict) and value:
            _mapping(value, f"{pad}- ", pad + "  ", out)
        else:
            _entry(f"{pad}-", value, pad, out)


def is_literal(text: str) -> bool:
    """Whether a literal block gives back exactly this text."""
    return not UNPRINTABLE.search(text) and not text.startswith((" ", "\n")) and bool(text.strip())


def literal(text: str, pad: str) -> str:
    """`text` as a literal block scalar: readable, and nothing in it needs an escape."""
    ending = len(text) - len(text.rstrip("\n"))
    body = text[:-1] if ending else text
    header = "|" if ending == 1 else "|+" if ending else "|-"
    return f"{header}\n{INNER.sub(pad, body)}\n"


@lru_cache(maxsize=4096)
def _text(value: str) -> str:
    if PLAIN.match(value) and value.lower() not in WORDS:
        return value
    quoted = json.dumps(value)
    return PAIR.sub(lambda m: str(json.loads(f'"{m[0]}"')), quoted).replace("\x7f", "\\u007f")


def scalar(value: object) -> str:
    """A scalar, plain where it reads back as the same text, else as a JSON string."""
    if isinstance(value, str):
        return _text(value)
    text = json.dumps(value)
    return text if not isinstance(value, float) or "." in text else text.replace("e", ".0e")


def comment(lines: list[str]) -> str:
    """`lines` as comments."""
    return "".join(f"# {line}\n" if line else "#\n" for line in lines)
