"""Expressions as one line of text with double quotes, the way formatters print them."""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import unicodedata

from pipec.ir.literals import source_of


def one_line(node: ast.expr) -> str:
    """`node` printed anew on one line, with double quotes."""
    return double_quoted(_bare_targets(ast.unparse(node)))


DEEPEST = 200
"""Levels of an expression that every target's own code can be made of; see `depth`."""


def depth(node: ast.AST) -> int:
    """How deep `node` is for who follows it by calling itself: brackets count twice, and each operand of `and`."""
    deepest, level = 0, [(node, 0)]
    while level:
        one, above = level.pop()
        weight = len(one.values) - 1 if isinstance(one, ast.BoolOp) else 1
        weight = 2 if isinstance(one, (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Call, ast.Subscript)) else weight
        deepest = max(deepest, above + weight)
        level += [(inner, above + weight) for inner in ast.iter_child_nodes(one)]
    return deepest


def readable(text: str) -> str:
    """`text` for people, of which any file can hold every character: what cannot be seen is escaped."""
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or not _hidden(c) else c.encode("unicode_escape").decode() for c in text)


def _hidden(char: str) -> bool:
    return char in "\ufffe\uffff" or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")


def _bare_targets(source: str) -> str:
    """`source` with `for a, b in` instead of `for (a, b) in`, as Python 3.11 and later print it."""
    if sys.version_info >= (3, 11) or " for (" not in source:
        return source
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    drop: list[int] = []
    for at, token in enumerate(tokens[:-1]):
        if token.string == "for" and tokens[at + 1].string == "(":
            depth, end, commas = 0, at + 1, 0
            while True:
                depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tokens[end].string, 0)
                commas += tokens[end].string == "," and depth == 1
                if depth == 0:
                    break
                end += 1
            if commas and tokens[end + 1].string == "in":
                drop += [tokens[at + 1].start[1], tokens[end].start[1]]
    return "".join(char for i, char in enumerate(source) if i not in drop)


def double_quoted(source: str) -> str:
    """`source` with single-quoted strings in double quotes where that needs no escapes.

    Strings inside of an f-string keep theirs: its own quotes may stand in it since Python 3.12 only.
    """
    if "'" not in source:
        return source
    edits: list[tuple[int, int, str]] = []
    starts: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING" and not starts and token.string.endswith("'") and '"' not in token.string:
            body = token.string.strip("rbfuRBFU")
            if not body.startswith("'''") and "\\'" not in body[1:-1]:
                prefix = token.string[: len(token.string) - len(body)]
                edits.append((token.start[1], token.end[1], f'{prefix}"{body[1:-1]}"'))
        elif kind == "FSTRING_START":  # Python 3.12: an f-string is several tokens
            starts.append(token)
        elif kind == "FSTRING_END":
            start = starts.pop()
            inside = source[start.end[1] : token.start[1]]
            single = start.string.endswith("'") and not start.string.endswith("'''")
            if single and not starts and '"' not in inside and "\\" not in inside:
                edits.append((start.start[1], start.end[1], start.string[:-1] + '"'))
                edits.append((token.start[1], token.end[1], '"'))
    for at, end, new in sorted(edits, reverse=True):
        source = source[:at] + new + source[end:]
    return source


def python(value: object) -> str:
    """Plain data as a literal in double quotes; `TypeError` for anything else."""
    return double_quoted(source_of(value))


def text_literal(text: str) -> str:
    """`text` as a literal that people can read: over several lines, as it stands in a file, where it has several."""
    if not text.partition("\n")[2]:
        return quoted(text)
    body = _UNSEEN.sub(_escape, text)
    body = re.sub(r" $", r"\\x20", body, flags=re.MULTILINE)  # editors take what nobody sees away
    body = re.sub(r'""+(?=")|"$(?!\n)', lambda found: '\\"' * len(found[0]), body)
    return f'"""\\\n{body}"""'


_UNSEEN = re.compile(
    r"[\\\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ud800-\uf8ff\ufeff\ufff9-\uffff]"
)
"""What no editor shows, or YAML does not keep, and backslashes. Not `str.isprintable`: its Pythons differ."""


def _escape(found: re.Match[str]) -> str:
    known = {"\\": r"\\", "\t": r"\t", "\r": r"\r"}
    code = ord(found[0])
    return known.get(found[0]) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def quoted(text: str) -> str:
    """`text` as a string literal the way ruff and black print it."""
    plain = repr(text)
    if plain.startswith('"') or text.count('"') > text.count("'"):
        return plain
    return '"' + plain[1:-1].replace("\\'", "'").replace('"', '\\"') + '"'
