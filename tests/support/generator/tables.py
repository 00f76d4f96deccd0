"""What can be written where a value of a kind is wanted, by feature. Templates: `{i}` is an operand of kind i, `{i*}` the
same one wherever it stands in the template.

Kinds: i int, l list[int], b bool, s str, f float, d dict[str, int], m int or None, v any value, o object, a list of objects,
n object or None, p file. Besides: `{c}` a small constant, `{v1}` a variable of the template's own.
"""

from __future__ import annotations

KINDS = "ilbsfdmvoanp"
ARTIFACTS = "oanp"
FEATURE = {
    "f": "values",
    "v": "values",
    "d": "dicts",
    "m": "optional",
    "o": "objects",
    "a": "objects",
    "n": "optional",
    "p": "files",
}
"""The feature that a kind belongs to."""

Table = dict[str, dict[str, tuple[str, ...]]]

CALLS: Table = {
    "i": {
        "": ("add({i}, {i})", "add({i})", "scale({i})", "total({l})", "several({i}, {i}, {i}, flag={b})", "add(scale({i}), b={i})"),
        "groups": ("inner({i})", "inner({i}, limit={c})", "noisy({i})"),
        "objects": ("unbox({o})", "weigh({a})", "unbox(box({i}))"),
        "optional": ("unbox_or({n})", "unbox_or(None, {i})", "or_zero({m})"),
        "files": ("measure({p})",),
        "addresses": ("measure_at(uri_of({p}))", "measure_both({p*}, uri_of({p*}))", "measure_at(uri_of(write({i})))"),
        "values": ("size({v})", "length({s})", "size([{f}, {s}])"),
        "dicts": ('record({i})["value"]', "record({i})[7][0] + len(record({i}))"),
        "names": ("start({i})", "end({i}, {i})", "end({i}, cmd={c})", "next({i})", "next({i}, index={i})", "Add({i})", "add_({i})"),
        "outputs": ("fields({i}).number", "unbox(fields({i}).box)", "pair({i})[0]"),
    },
    "l": {
        "": ("upto({i})",),
        "loops": (
            "[add({v1}, {i}) for {v1} in {l}]", "[scale({v1}) for {v1} in {l} if {v1} > {c}]", "[add({v1}, {w1}) for {v1} in {l} for {w1} in upto({v1})]",
            "[add({v1}, {w1}) for {v1} in (1, 2) for {w1} in {l} if {w1} != {c}]", "[add({v1}, {w1}) for {w1}, {v1} in enumerate({l})]",
            "[add({v1}, {w1}) for {v1}, {w1} in zip({l}, {l})]", "[scale({v1}) for {v1} in range(abs({i}) % 4)]", "[total(upto({v1})) for {v1} in [3, 1, 2]]",
            "[total([add({w1}, {v1}) for {w1} in upto({v1})]) for {v1} in {l}]", "[add({v1}) for {v1} in sorted({l})]", "[scale({v1} + 1) for {v1} in upto({i})]",
        ),
        "groups": ("[inner({v1}, limit={i}) for {v1} in {l}]", "[noisy({v1}) for {v1} in {l}]"),
        "objects": ("[unbox(box({v1})) for {v1} in {l}]", "[unbox({v1}) for {v1} in {a}]", "[unbox({v1}) for {v1} in boxes({i})]"),
        "dicts": ("[add({w1}, {i}) for {v1}, {w1} in {d}.items()]", "[length({v1}) for {v1} in {d}]"),
        "files": ("[measure(write({v1})) for {v1} in {l}]",),
        "addresses": ("[measure_at(uri_of(write({v1}))) for {v1} in {l}]", "[measure_both({p*}, uri_of({p*}), {v1}) for {v1} in {l}]"),
        "optional": ("[or_zero(maybe({v1})) for {v1} in {l}]", "[unbox_or(perhaps_box({v1})) for {v1} in {l}]"),
        "outputs": ("boxed_pair({i})[1]",),
        "values": ("[size({v1}) for {v1} in [{v}, {v}, {s}]]",),
    },
    "b": {"": ("is_big({i})",)},
    "s": {"": ("text({i})",), "outputs": ("pair({i})[1]",)},
    "f": {"values": ("half({i})",)},
    "d": {
        "dicts": ("table({i})", "{{k: scale(k) for k in {l}}}", "{{str({v1}): add({v1}) for {v1} in {l}}}", "{{{v1}: add({w1}) for {v1}, {w1} in {d}.items()}}"),
    },
    "m": {"optional": ("maybe({i})",)},
    "v": {"values": ("hostile({i})[0]", "echo({v})[0]", "echo({v})[1]", "[echo({v1})[0] for {v1} in [{v}, {i}]]", "echo([{v}, {v}])")},
    "o": {"objects": ("box({i})", "boxed_pair({i})[0]"), "outputs": ("fields({i}).box",)},
    "a": {"objects": ("boxes({i})", "[box({v1}) for {v1} in {l}]", "[box({v1}) for {v1} in {l} if {v1} > {c}]", "[box(unbox({v1})) for {v1} in {a}]")},
    "n": {"optional": ("perhaps_box({i})",)},
    "p": {"files": ("write({i})",)},
}  # fmt: skip

EXPRESSIONS: Table = {
    "i": {
        "": ("{i} + {i}", "len({l})", "({i} + 1) % 5"),
        "expressions": (
            "{i} * 2 - {c}", "max({i}, {i})", "{l*}[0] if {l*} else {c}", "sum({l})", "min([{i}, {c}, *{l}])", "abs({i})", "max(range(3), key=lambda k: (k * {i}) % 5)",
            "{i} if {b} else {i}", "{l*}[{c*}:][0] if len({l*}) > {c*} else -{i}", "len({s})", "{l}.count({i})", "{i} // 3", "int({b})", "round({i} / 4)",
            "sorted([{i}, {i}, {c}])[1]", "{i} and {i}", "{i} or {c}", "sum({v1} * {w1} for {v1}, {w1} in zip({l}, {l}))", "-{i} ** 2", "~{i} & 15", "{i} ^ 5",
            "len({{{v1} % 3 for {v1} in {l}}})", "min({l}, default={i})", "({i}, {i})[{b}]", "len(str({i}))", "{l*}.index({l*}[-1]) if {l*} else {i}",
        ),
        "dicts": ("len({d})", '{d}.get("k0", {i})', "sum({d}.values())", '{{"a": {i}, "b": {i}}}["b"]'),
        "objects": ("len({a})",),
        "optional": ("{i} if {m*} is None else {m*}", "0 if {n} is None else {i}"),
    },
    "l": {
        "": ("[{i}, {c}]", "{l} + [{i}]", "[]"),
        "expressions": (
            "[{v1} + 1 for {v1} in {l}]", "sorted({l})", "{l}[::-1]", "list(range({c} % 4))", "[{v1} for {v1} in {l} if {v1} > {i}]", "list(reversed({l}))", "{l}[1:]",
            "[*{l}, {i}][:4]", "sorted({l}, key=lambda k: -k)", "[len({s}), {c}]", "{l} if {b} else [{i}]", "[{v1} * {w1} for {w1}, {v1} in enumerate({l})]",
        ),
        "dicts": ("list({d}.values())", "[{w1} for {v1}, {w1} in sorted({d}.items())]"),
    },
    "b": {
        "": ("{i} > {c}", "{i} in {l}", "not {b}", "{i} == {i}"),
        "expressions": (
            "{b} and {i} != {c}", "bool({l})", "{i} < {i} <= {i}", "any({v1} > {i} for {v1} in {l})", "all({l})", "{b} or not {l}", "{b} is True", '{s}.startswith("<")',
            '"ü" in {s}', "{i} not in {l}", "{b} == (not {b})", "len({s}) > {i}", "{l} == {l}", "{i} or {b}",
        ),
        "dicts": ('"k0" in {d}', "bool({d})"),
        "optional": ("{m} is None", "{n} is not None"),
        "values": ("repr({v*}) == repr({v*})", "{v} is None", "{f*} != {f*}"),
    },
    "s": {
        "": ("str({i})", 'f"<{{{i}}}>"'),
        "expressions": ('"-".join([str({v1}) for {v1} in {l}])', "{s} + {s}", "{s}.upper()", "{s}[1:3]", '"{{!r:>8}}".format({s})', '"%d" % {i}', '"{{}}".format({i})', "repr({l})", '{s}.replace("<", "{{{{ ")'),
        "values": ("repr({v})", '"{{:.2f}}{{}}".format({f}, {v})', "str({v})"),
    },
    "f": {"values": ("{i} / 2", "float({i})", "{f} * 2", "round({f*}, 1) if {f*} == {f*} else 0.5", "1e3 * {i}", "abs({f})")},
    "d": {"dicts": ('{{"a": {i}, "b": {i}}}', "dict(zip([str({v1}) for {v1} in {l*}], {l*}))", "{{**{d}, 'z': {i}}}", "{{}}", "{{{v1}: {w1} + 1 for {v1}, {w1} in {d}.items()}}")},
    "m": {"optional": ("None", "{i} if {b} else None")},
    "v": {"values": ("[{v}, {i}]", "({v}, {f})", "{{1: {v}, None: {s}}}", "{v} if {b} else {v}", "({i},)", "list({s})")},
    "a": {"objects": ("[{o}, {o}]", "[]")},
    "n": {},
    "o": {"objects": ("{a*}[0] if len({a*}) else {o}", "{o} if {b} else {o}")},
    "p": {},
}  # fmt: skip

FAILING: dict[str, tuple[str, ...]] = {
    "i": ("checked({i})", "{l}[{c}]", "10 // {i}", "{d}['k0']", "total([checked({v1}) for {v1} in {l}])"),
}
"""What fails for some values."""

STATEMENTS: dict[str, tuple[str, ...]] = {
    "effects": ("note({i})", "note({l})", "noisy({i})", "note(text({i}))"),
    "failures": ("check({i})",),
    "objects": ("note({o})", "note({a})"),
    "values": ("note({v})",),
}
"""Calls for their effect."""
