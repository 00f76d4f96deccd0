"""Texts in files of a package."""

from .places import text_file

GREETING = text_file("greeting.txt").read_text(encoding="utf-8")


def signed(text: str) -> str:
    """A text with the line below."""
    with open(text_file("signature.txt"), encoding="utf-8") as file:
        return text + file.read()
