"""Native settings, `targets={...}`: what every backend says of those that its target does not take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipec.compiler.diagnostics.similar import closest


def unknown(name: str, known: Iterable[str], ours: Mapping[str, str]) -> str:
    """Why there is no native setting `name`. `ours`: what settings of pipec's own become -> the setting."""
    if name in ours:
        return f"{name!r} is what pipec makes of `{ours[name]}`; use that"
    known = list(known)
    similar = closest(name, known)
    hint = f"; did you mean {similar!r}?" if similar else f"; there are {', '.join(known)}"
    return f"there is no {name!r}{hint}"


def is_of(value: object, kind: type) -> bool:
    """Whether `value` is of `kind`; `True` is no number."""
    return isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
