"""Where texts lie."""

from pathlib import Path

TEXTS = Path(__file__).parent / "texts"


def text_file(name: str) -> Path:
    """The file `name`."""
    return TEXTS / name
