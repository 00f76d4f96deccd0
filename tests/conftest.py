"""Fixtures of the whole suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.plain import PlainPython
from tests.support.running import Runners


@pytest.fixture(scope="session")
def plain() -> Iterator[PlainPython]:
    """Bare Python, for the modules as they are."""
    server = PlainPython()
    yield server
    server.close()


@pytest.fixture(scope="session")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runners]:
    """Plain Python and the orchestrators, each in one warm process."""
    found = Runners(tmp_path_factory.mktemp("runs"))
    yield found
    found.close()
