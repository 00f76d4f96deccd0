"""Text features."""

import settings


def normalize(text: str) -> str:
    return " ".join(text.split()).lower()


def clean(words: list[str]) -> list[str]:
    """A step without a decorator, in another module."""
    return [normalize(w) for w in words]


def shorten(word: str) -> str:
    return word[: settings.LIMIT]


def lengths(words: list[str]) -> list[int]:
    return [len(w) for w in words]
