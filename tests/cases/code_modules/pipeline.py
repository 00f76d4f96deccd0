"""Steps, helpers and constants of other modules and packages, under aliases; two helpers share a name."""

import features.text as ft
import settings
from features import clean
from features.numbers import scale as rescale

from pipec import pipeline, step


def normalize(text: str) -> str:
    return f"<{text}>"


@step
def read() -> list[str]:
    return [settings.GREETING, "  Two  "]


@step
def mark(words: list[str]) -> list[str]:
    return [normalize(ft.shorten(w)) for w in words]


@pipeline
def code_modules() -> list[object]:
    words = clean(read())
    lengths = ft.lengths(words)
    return [mark(words), rescale(lengths), settings.LIMIT]
