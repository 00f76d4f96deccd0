"""Metaflow flows -> plain Python pipelines, without running them."""

from pipec.backends.metaflow.reading.reader import MetaflowReader

__all__ = ["MetaflowReader"]
