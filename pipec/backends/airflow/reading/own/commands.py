"""Command lines of several calls of a container step: what is the same in all of them, and what each call gives."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass

OUTPUT = "\0"
"""Stands in a word for the place that the result is written to."""
_FLAG = re.compile(r"-{1,2}([A-Za-z][\w-]*)=?")


@dataclass(frozen=True)
class Word:
    """One word of one call: text, and what the run gives to it."""

    parts: tuple[str | ast.expr, ...]

    @property
    def is_constant(self) -> bool:
        """Whether the run gives nothing to it."""
        return all(isinstance(part, str) for part in self.parts)

    @property
    def text(self) -> str:
        """Of a constant one."""
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(eq=False)
class Template:
    """One word of the step."""

    texts: tuple[str, ...]
    """What stands before, between and after what the calls give: one more than `names`."""
    names: tuple[str, ...] = ()
    """What that could be called; "" where that is not known."""

    def values(self, word: Word) -> list[ast.expr]:
        """What a call gives: expressions, or constant text. `ValueError` where the word does not fit."""
        if not word.is_constant:
            if _texts(word) != self.texts:
                raise ValueError(word)
            return [part for part in word.parts if not isinstance(part, str)]
        if not self.names:
            if word.text != self.texts[0]:
                raise ValueError(word)
            return []
        before, after = self.texts[0], self.texts[-1]
        inner = word.text[len(before) : len(word.text) - len(after)]
        if len(self.names) > 1 or f"{before}{inner}{after}" != word.text or OUTPUT in inner:
            raise ValueError(word)
        return [ast.Constant(inner)]


def templates(calls: Sequence[Sequence[Word]]) -> list[Template] | None:
    """The words of the step that all calls are of; `None` if there is none."""
    found = [_template(words) for words in zip(*calls)]
    try:
        for template, words in zip(found, zip(*calls)):
            for word in words:
                template.values(word)
    except ValueError:
        return None
    return found


def _template(words: Sequence[Word]) -> Template:
    given = [word for word in words if not word.is_constant]
    if given:
        names = zip(*([_name(part) for part in word.parts if not isinstance(part, str)] for word in given))
        return Template(_texts(given[0]), tuple(one[0] if len(set(one)) == 1 else "" for one in names))
    texts = {word.text for word in words}
    if len(texts) == 1:
        return Template((texts.pop(),))
    heads = {text.partition("=")[0] if "=" in text else "" for text in texts}
    head = heads.pop() if len(heads) == 1 else ""
    return Template((f"{head}=" if head else "", ""), ("",))


def _texts(word: Word) -> tuple[str, ...]:
    """The texts around what the run gives."""
    found = [""]
    for part in word.parts:
        if isinstance(part, str):
            found[-1] += part
        else:
            found.append("")
    return tuple(found)


def _name(node: ast.expr) -> str:
    return node.id.strip("_") if isinstance(node, ast.Name) else ""


def flag(words: Sequence[Template], at: int, slot: int) -> str:
    """The option whose value a place is, `--rows=` or `--rows` before it, as a name; "" if there is none."""
    template = words[at]
    before = template.texts[slot] if slot >= 0 else template.texts[0].partition(OUTPUT)[0]
    if not before and slot <= 0 and at and not words[at - 1].names:
        before = words[at - 1].texts[0]
        if before.endswith("="):
            return ""
    match = _FLAG.fullmatch(before)
    name = match[1].replace("-", "_") if match else ""
    return "" if keyword.iskeyword(name) else name
