"""Renaming free names of an expression changes neither its value nor what its f-strings show."""

from __future__ import annotations

import pytest

from pipec.compiler.pysource import rename_free

SCOPE = {"n": 3, "xs": [3, 1, 2], "d": {"n": 1}}
EXPRESSIONS = (
    "sorted(xs, key=lambda v, k=n: v * k)",
    "sorted(xs, key=lambda n, k=n: -n * k)",
    "sorted(xs, key=lambda v, *, k=n: v * -k)",
    "[n * m for m in xs]",
    "[m for m in xs if m < n]",
    "[[n + m for m in xs] for n in xs]",
    "[n for n in xs] + [n]",
    "{n: [n + m for m in xs + [n]] for n in xs}",
    "[(m, k) for m in xs for k in range(m) if k < n]",
    "d.get('n', n) + dict(n=n)['n']",
    "[m + n for m in d.values()]",
    "f'{n=} { n = } {n + 1=:>5} {n=!s} {[n for m in xs]=} {n:{n}}'",
    "[f'{m=}{n}' for m in xs]",
    "(lambda *m, **k: (n, m, k))(*xs, **d)",
)


@pytest.mark.parametrize("new", ["m", "k", "self.n", "box['n']", "m + k", "xs_"])
@pytest.mark.parametrize("source", EXPRESSIONS)
def test_value_stays(source: str, new: str) -> None:
    class Self:
        n = 3

    names = {"m": 3, "k": 3, "self": Self, "box": {"n": 3}, "xs_": 3}
    scope = {**SCOPE, **names}
    if new == "m + k":
        scope |= {"m": 1, "k": 2}
        new = "(m + k)"
    quoted = source.replace("'", '"') if "'" in new else source
    expected = eval(quoted, dict(SCOPE))
    del scope["n"]
    assert eval(rename_free(quoted, {"n": new}), scope) == expected
