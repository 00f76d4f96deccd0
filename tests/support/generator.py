"""Random pipeline modules: a Hypothesis strategy over the whole language, with values of all kinds.

Every module is valid Python that runs by itself. Graphs are arbitrary; names are reused on purpose; a few pipelines fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

PRELUDE = '''"""A random pipeline."""

from dataclasses import dataclass

from pipec import parallel, pipeline, step

FACTOR = 3


@dataclass
class Box:
    """An object of the user's own."""

    content: int


def clamp(x: int) -> int:
    return max(-999, min(999, x))


@step
def add(a: int, b: int = 1) -> int:
    return clamp(a + b)


def scale(x: int) -> int:
    return clamp(x * FACTOR)


@step
def is_big(x: int) -> bool:
    return x > 5


@step
def upto(n: int) -> list[int]:
    return list(range(abs(n) % 4))


@step
def total(xs: list[int]) -> int:
    return clamp(sum(x for x in xs if x is not None))


@step
def text(x: int) -> str:
    return f"<{x}> {{{{ ds }}}} 'quoted' \\"twice\\" ünï $(x) \\\\n"


@step
def record(x: int) -> dict:
    return {"value": x, "odd": x % 2 == 1, 7: (x, None), "nan": float("inf")}


@step
def pair(x: int) -> tuple[int, str]:
    return x + 1, str(x)


@step
def box(x: int) -> Box:
    return Box(x)


@step
def unbox(b: Box) -> int:
    return b.content


@step
def maybe(x: int) -> int | None:
    return x if x % 2 else None


@step
def several(x: int, *more: int, flag: bool = False) -> int:
    return clamp(x + len(more) + flag)


@step
def note(x: object) -> None:
    return None


@step
def check(x: int) -> None:
    if x == 7:
        raise ValueError("seven")


@pipeline
def inner(x: int, limit: int = 4):
    y = scale(x)
    if y > limit:
        return add(y, limit)
    return y


@pipeline
def noisy(x: int):
    note(x)
    a, b = pair(x)
    return add(a, len(b))
'''

INT_CALLS = (
    "add({i}, {i})", "add({i})", "scale({i})", "total({l})", "unbox({o})", "several({i}, {i}, {i}, flag={b})", "inner({i})",
    "inner({i}, limit={c})", "noisy({i})", 'record({i})["value"]', "add(scale({i}), b={i})",
)  # fmt: skip
INT_EXPRS = (
    "{i} + {i}", "{i} * 2 - {c}", "max({i}, {i})", "{l}[0] if {l} else {c}", "len({l})", "({i} + 1) % 5", "sum({l})",
    "min([{i}, {c}, *{l}])", "abs({i})", "max(range(3), key=lambda k: (k * {i}) % 5)",
)  # fmt: skip
LIST_CALLS = (
    "upto({i})",
    "[add({v}, {i}) for {v} in {l}]",
    "[scale({v}) for {v} in {l} if {v} > {c}]",
    "[unbox(box({v})) for {v} in {l}]",
)
LIST_EXPRS = (
    "[{i}, {c}]",
    "[{v} + 1 for {v} in {l}]",
    "{l} + [{i}]",
    "sorted({l})",
    "{l}[::-1]",
    "list(range({c} % 4))",
    "[]",
)
BOOL_EXPRS = ("{i} > {c}", "{i} in {l}", "not {b}", "{b} and {i} != {c}", "{i} == {i}", "bool({l})", "is_big({i})")


@dataclass
class Writer:
    """The text of one pipeline body, with what its names are."""

    draw: object
    lines: list[str] = field(default_factory=list)
    budget: int = 14
    counter: int = 0
    names: dict[str, list[str]] = field(default_factory=lambda: {"i": ["n"], "l": ["xs"], "b": ["flag"], "o": []})

    def pick(self, options: object) -> object:
        """One of `options`, or a draw of a strategy."""
        strategy = options if isinstance(options, st.SearchStrategy) else st.sampled_from(options)  # type: ignore[arg-type]
        return self.draw(strategy)  # type: ignore[operator]

    def fresh(self, kind: str) -> str:
        """A new name, sometimes one that is already there."""
        if self.names[kind] and self.pick(st.integers(0, 5)) == 0:
            return str(self.pick([n for n in self.names[kind] if n not in ("n", "xs", "flag")] or [f"{kind}0"]))
        self.counter += 1
        return f"{kind}{self.counter}"

    def fill(self, template: str) -> str:
        """`template` with operands."""
        self.counter += 1
        variable = f"v{self.counter}"
        out = template.replace("{v}", variable)
        for kind in ("i", "l", "b", "o", "c"):
            while "{" + kind + "}" in out:
                out = out.replace("{" + kind + "}", self.operand(kind), 1)
        return out

    def operand(self, kind: str) -> str:
        """A name or a constant of a kind."""
        if kind == "c":
            return str(self.pick(st.integers(-3, 9)))
        if kind == "o":
            return str(self.pick(self.names["o"])) if self.names["o"] else f"box({self.operand('i')})"
        known = self.names[kind]
        if known and self.pick(st.integers(0, 7)):
            return str(self.pick(known))
        return {
            "i": self.operand("c"),
            "l": str(self.pick(["[1, 2]", "[]", "[7]"])),
            "b": str(self.pick(["True", "False"])),
        }[kind]

    def emit(self, indent: int, line: str) -> None:
        """Write a line."""
        self.lines.append("    " * indent + line)


def _block(w: Writer, indent: int, depth: int, in_loop: bool, in_parallel: bool = False) -> None:
    for _ in range(int(w.pick(st.integers(1, 4 if depth else 7)))):  # type: ignore[call-overload]
        if w.budget <= 0:
            break
        w.budget -= 1
        _statement(w, indent, depth, in_loop, in_parallel)


def _bind(w: Writer, kind: str, name: str) -> None:
    if name not in w.names[kind]:
        w.names[kind].append(name)


def _statement(w: Writer, indent: int, depth: int, in_loop: bool, in_parallel: bool) -> None:
    kinds = ["int", "int", "int_expr", "list", "list_expr", "bool", "object", "effect", "pair", "dict"]
    if depth < 3 and w.budget > 2:
        kinds += ["if", "if", "for", "for", "dictcomp", "nested"] + ([] if in_parallel else ["parallel"])
    if depth == 1 and not in_loop and not in_parallel:
        kinds += ["return"]
    match w.pick(kinds):
        case "int":
            _assign(w, indent, "i", INT_CALLS)
        case "int_expr":
            _assign(w, indent, "i", INT_EXPRS)
        case "list":
            _assign(w, indent, "l", LIST_CALLS)
        case "list_expr":
            _assign(w, indent, "l", LIST_EXPRS)
        case "bool":
            _assign(w, indent, "b", BOOL_EXPRS)
        case "object":
            _assign(w, indent, "o", ("box({i})",))
        case "effect":
            w.emit(
                indent, w.fill(str(w.pick(["note({i})", "note({l})", "check({i})", "noisy({i})", "note(text({i}))"])))
            )
        case "pair":
            first = w.fresh("i")
            w.emit(indent, f"{first}, s{first} = pair({w.operand('i')})")
            _bind(w, "i", first)
        case "dict":
            name = w.fresh("i")
            w.emit(indent, w.fill(f"{name} = record({{i}})[7][0] + len(record({{i}}))"))
            _bind(w, "i", name)
        case "dictcomp":
            name = w.fresh("i")
            w.emit(indent, w.fill(f"{name} = sum({{k: scale(k) for k in {{l}}}}.values())"))
            _bind(w, "i", name)
        case "nested":
            name = w.fresh("l")
            w.emit(indent, w.fill(f"{name} = [add(v, u) for v in {{l}} for u in upto(v)]"))
            _bind(w, "l", name)
        case "if":
            _if(w, indent, depth, in_loop, in_parallel)
        case "for":
            _for(w, indent, depth, in_parallel)
        case "parallel":
            w.emit(indent, "with parallel():")
            _block(w, indent + 1, depth + 1, in_loop, True)
        case "return":
            w.emit(indent, f"return {w.operand('i')}")


def _assign(w: Writer, indent: int, kind: str, templates: tuple[str, ...]) -> None:
    value = w.fill(str(w.pick(templates)))
    name = w.fresh(kind)
    w.emit(indent, f"{name} = {value}")
    _bind(w, kind, name)


def _if(w: Writer, indent: int, depth: int, in_loop: bool, in_parallel: bool) -> None:
    w.emit(indent, f"if {w.fill(str(w.pick(BOOL_EXPRS)))}:")
    before = {k: list(v) for k, v in w.names.items()}
    _block(w, indent + 1, depth + 1, in_loop, in_parallel)
    then_returns = w.lines[-1].strip().startswith("return")
    then, w.names = w.names, {k: list(v) for k, v in before.items()}
    if w.pick(st.booleans()):
        w.emit(indent, "else:")
        _block(w, indent + 1, depth + 1, in_loop, in_parallel)
        else_returns = w.lines[-1].strip().startswith("return")
        if w.lines[-1].strip() == "else:":
            w.emit(indent + 1, "pass")
        orelse = w.names
        alive = [s for s, r in ((then, then_returns), (orelse, else_returns)) if not r]
        w.names = {k: [n for n in before[k]] for k in before}
        if len(alive) == 2:
            w.names = {k: [n for n in then[k] if n in orelse[k]] for k in then}
    else:
        w.names = before


def _for(w: Writer, indent: int, depth: int, in_parallel: bool) -> None:
    w.counter += 1
    out, item = f"out{w.counter}", f"x{w.counter}"
    header = {
        "plain": f"for {item} in {w.operand('l')}:",
        "enumerate": f"for {item}, y{item} in enumerate({w.operand('l')}):",
        "limit": f"for {item} in parallel({w.operand('l')}, limit=2):",
        "call": f"for {item} in upto({w.operand('i')}):",
    }[str(w.pick(["plain", "enumerate", "limit", "call"]))]
    w.emit(indent, f"{out} = []")
    w.emit(indent, header)
    before = {k: list(v) for k, v in w.names.items()}
    # names of the outside may be read, and must not be rebound: that would carry a value
    w.names = {k: list(v) for k, v in before.items()}
    w.names["i"].append(item)
    counter = w.counter
    w.counter += 100
    w.names = {k: v for k, v in w.names.items()}
    frozen = _Frozen(w)
    with frozen:
        _block(w, indent + 1, depth + 1, True, in_parallel)
        if w.pick(st.integers(0, 3)):
            w.emit(indent + 1, f"{out}.append({w.fill(str(w.pick(['{i}', 'scale({i})', '{i} + 1'])))})")
        else:
            w.emit(indent + 1, f"if {w.operand('i')} > {w.operand('c')}:")
            w.emit(indent + 2, f"{out}.append({w.fill('add({i})')})")
    w.counter = max(w.counter, counter)
    w.names = before
    _bind(w, "l", out)


class _Frozen:
    """Inside a loop every binding gets a new name."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.fresh = writer.fresh

    def __enter__(self) -> None:
        def fresh(kind: str) -> str:
            self.writer.counter += 1
            return f"{kind}{self.writer.counter}"

        self.writer.fresh = fresh  # type: ignore[method-assign]

    def __exit__(self, *error: object) -> None:
        self.writer.fresh = self.fresh  # type: ignore[method-assign]


@st.composite
def modules(draw: object) -> str:
    """The source of a module with a pipeline `main(n, xs, flag)`."""
    w = Writer(draw)
    _block(w, 1, 0, False)
    names = [n for kind in ("i", "l", "b") for n in w.names[kind]][-5:]
    w.emit(1, f"return [{', '.join(names)}]")
    header = "\n\n@pipeline\ndef main(n: int = 3, xs: list[int] = [1, 4], flag: bool = True):\n"
    return PRELUDE + header + "\n".join(w.lines) + "\n"
