"""What the files of a pipeline are called, whatever its name."""

from __future__ import annotations

import re

LONGEST = 200
"""File systems take 255 bytes; endings, and the marks of files that are being written, need a part of them."""


def file_stem(name: str) -> str:
    """`name` as the beginning of a file's name: its letters and digits, and of the rest what no system reads otherwise.

    Names of functions stay as they are. Nothing that it gives leads out of a folder, or is hidden there.
    """
    stem = re.sub(r"[^\w.-]", "_", name).lstrip(".-")
    while len(stem.encode(errors="replace")) > LONGEST:
        stem = stem[:-1]
    return stem or "pipeline"
