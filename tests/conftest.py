"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.plain import PlainPython


@pytest.fixture(scope="session")
def plain() -> Iterator[PlainPython]:
    """Bare Python, for the modules as they are."""
    server = PlainPython()
    yield server
    server.close()
