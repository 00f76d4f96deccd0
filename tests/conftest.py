"""Fixtures of the whole suite."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.plain import PlainPython
from tests.support.running import Runners


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of the test run's own for all that goes to the temporary folder, which steps of cases never clear."""
    folder = tmp_path_factory.mktemp("tmp")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


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
