"""One line of Python laid out over several the way formatters do, so that none has to run."""

from __future__ import annotations

import io
import re
import tokenize

WIDTH = 120
OPEN, CLOSE = "([{", ")]}"


def fitted(text: str, indent: int) -> list[str]:
    """The statement `text`, laid out in at most `WIDTH` columns where commas allow it."""
    found = _fitted(text, indent)
    if found is not None:
        return found
    return [" " * indent + text + "  # fmt: skip"]


def exploded(head: str, parts: list[str], tail: str, indent: int) -> list[str]:
    """`head`, one line for each of `parts`, and `tail`: the layout that a trailing comma asks for."""
    lines = [" " * indent + head]
    for part in parts:
        lines += _fitted(part + ",", indent + 4) or _forced(part + ",", indent + 4)
    return [*lines, " " * indent + tail]


def _forced(text: str, indent: int) -> list[str]:
    """`text` opened at its last bracket although that does not make it fit."""
    bracket = last_bracket(text)
    if bracket is None or (len(parts := commas(text[bracket[0] + 1 : bracket[1]])) == 1 and " for " in parts[0]):
        return [" " * indent + text]
    return exploded(text[: bracket[0] + 1], parts, text[bracket[1] :], indent)


def _fitted(text: str, indent: int) -> list[str] | None:
    pad = " " * indent
    if len(pad) + len(text) <= WIDTH:
        return [pad + text]
    bracket = last_bracket(text)
    if bracket is None:
        return None
    start, end = bracket
    before = last_bracket(text[:start]) if _is_subscript(text, start) and indent + start >= WIDTH else None
    if before is not None and before[1] == start - 1:
        start, end = before  # what is looked into gives way first
    head, body, tail = text[: start + 1], text[start + 1 : end], text[end:]
    if len(pad) + len(head) > WIDTH or len(pad) + len(tail) > WIDTH:
        return None
    parts = commas(body)
    comprehension = _loops(body)
    called = len(head) > 1 and head[-1] == "(" and (head[-2].isalnum() or head[-2] in "_)]")
    # a comma would make a tuple of what is only grouped, and of an index
    bare = len(parts) == 1 and not body.rstrip().endswith(",") and (head[-1] == "(" or _is_subscript(text, start))
    if indent + 4 + len(body) <= WIDTH and (called or comprehension or bare or not parts):
        return [pad + head, " " * (indent + 4) + body, pad + tail]
    if (bare and not called) or comprehension or "**" in body or body.startswith("*"):
        return None
    lines = [pad + head]
    for part in parts:
        inner = _fitted(part + ",", indent + 4)
        if inner is None:
            return None
        lines += inner
    return [*lines, pad + tail]


def _is_subscript(text: str, start: int) -> bool:
    """Whether the bracket at `start` looks into what stands before it."""
    before = text[:start]
    return text[start] == "[" and bool(before) and (before[-1].isalnum() or before[-1] in "_)]}\"'")


def _loops(body: str) -> bool:
    """Whether what stands in a bracket is a comprehension."""
    depth = 0
    for token in _tokens(body):
        depth += (token.string in OPEN) - (token.string in CLOSE) if token.type == tokenize.OP else 0
        if token.type == tokenize.NAME and token.string == "for" and depth == 0:
            return True
    return False


def tidy(text: str) -> str:
    """The expression `text` with numbers and strings the way formatters write them."""
    edits: list[tuple[int, int, str]] = []
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        depth += (kind == "FSTRING_START") - (kind == "FSTRING_END")  # Python 3.12: an f-string is several tokens
        if token.start[0] != 1 or token.end[0] != 1 or depth:
            continue
        new = token.string
        if token.type == tokenize.NUMBER:
            new = new.replace("e+", "e") if "x" not in new else new
        elif token.type == tokenize.STRING and token.string[0] in "'\"" and token.string[:3] not in ("'''", '"""'):
            new = _preferred(token.string)
        if new != token.string:
            edits.append((token.start[1], token.end[1], new))
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


def _preferred(literal: str) -> str:
    """A string in the quotes that need fewer escapes; double ones where both do."""
    quote, body = literal[0], literal[1:-1]
    if quote == '"':
        return literal
    doubles, singles = body.count('"'), len(re.findall(r"\\'", body))
    if doubles > singles:
        return literal
    return '"' + re.sub(r"\\'", "'", body).replace('"', '\\"') + '"'


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(f"({text}\n)").readline))[1:-2]


def last_bracket(text: str) -> tuple[int, int] | None:
    """Where the last bracket with something in it opens and closes."""
    stack: list[int] = []
    best: tuple[int, int] | None = None
    for token in _tokens(text):
        at = token.start[1] - 1
        if token.start[0] > 1 or token.type != tokenize.OP:
            continue
        if token.string in OPEN:
            stack.append(at)
        elif token.string in CLOSE and stack:
            start = stack.pop()
            if not stack and text[start + 1 : at].strip():
                best = (start, at)
    return best


def commas(body: str) -> list[str]:
    """`body` cut at the commas outside of brackets."""
    depth, cuts = 0, [-1]
    lambdas = 0
    for token in _tokens(body):
        if token.start[0] > 1:
            continue
        if token.type == tokenize.NAME and token.string == "lambda" and depth == 0:
            lambdas += 1
        elif token.type == tokenize.OP:
            depth += (token.string in OPEN) - (token.string in CLOSE)
            if token.string == ":" and depth == 0 and lambdas:
                lambdas -= 1
            if token.string == "," and depth == 0 and not lambdas:
                cuts.append(token.start[1] - 1)
    ends = [*cuts[1:], len(body)]
    return [part for start, end in zip(cuts, ends) if (part := body[start + 1 : end].strip())]
