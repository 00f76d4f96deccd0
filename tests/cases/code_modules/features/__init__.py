"""Features, re-exported."""

from .text import clean as clean
