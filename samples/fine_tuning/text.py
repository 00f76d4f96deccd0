"""Text of the manual, cut and cleaned."""

import re

WORD = re.compile(r"[a-z]{2,}")


def passages(text: str) -> list[str]:
    """Paragraphs of a manual page, without headings and code."""
    parts = (part.strip() for part in text.split("\n\n"))
    return [part for part in parts if part and not part.startswith((">>>", "*", "=", "-"))]


def tidy(passage: str) -> list[str]:
    """The lower-case words of `passage`."""
    return WORD.findall(passage.lower())
