"""Expressions as one line of text with double quotes, the way formatters print them."""

from __future__ import annotations

import ast
import io
import tokenize


def one_line(node: ast.expr) -> str:
    """`node` printed anew on one line, with double quotes."""
    return double_quoted(ast.unparse(node))


def double_quoted(source: str) -> str:
    """`source` with single-quoted strings in double quotes where that needs no escapes."""
    if "'" not in source:
        return source
    edits: list[tuple[int, int, str]] = []
    starts: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING" and token.string.endswith("'") and '"' not in token.string and "\\" not in token.string:
            body = token.string.strip("rbfuRBFU")
            if not body.startswith("'''"):
                prefix = token.string[: len(token.string) - len(body)]
                edits.append((token.start[1], token.end[1], f'{prefix}"{body[1:-1]}"'))
        elif kind == "FSTRING_START":  # Python 3.12: an f-string is several tokens
            starts.append(len(edits) if token.string.endswith("'") and not token.string.endswith("'''") else -1)
            edits.append((token.start[1], token.end[1], token.string))
        elif kind == "FSTRING_END":
            at = starts.pop()
            inside = source[edits[at][1] : token.start[1]] if at >= 0 else '"'
            if '"' not in inside and "\\" not in inside and "'" not in inside and not starts:
                edits[at] = (edits[at][0], edits[at][1], edits[at][2][:-1] + '"')
                edits.append((token.start[1], token.end[1], '"'))
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return source
