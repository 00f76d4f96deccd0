"""The reader of Kubeflow pipelines: compiled documents, and the Python source that they are compiled from."""

from __future__ import annotations

import importlib
import re

from pipec.backends.kfp.reading import own
from pipec.backends.kfp.reading.loading import LIKELY
from pipec.backends.kfp.reading.translate import translate
from pipec.backends.kfp.reading.yaml import load
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import NothingToMigrate
from pipec.compiler.reading import Outcome, Source

TARGET = "kfp"
DSL = "pipec.backends.kfp.reading.dsl"
IMPORTS = re.compile(r"^\s*(?:import\s+kfp\b|from\s+kfp\b)", re.M)


class KfpReader:
    """Reads YAML as the compiler writes it, and modules that use `kfp.dsl`. Stateless."""

    def looks_like(self, source: Source) -> bool:
        """Whether the file may hold pipelines of Kubeflow."""
        if source.path.suffix == ".py":
            return IMPORTS.search(source.text) is not None
        return source.path.suffix in (".yaml", ".yml", ".json") and LIKELY.search(source.text) is not None

    def read(self, source: Source, report: Report) -> Outcome:
        """Read the file, without running anything of it."""
        if source.path.suffix == ".py":
            return _read_module(source, report)
        found = load(source, report)
        if found is None:
            return Outcome(None)
        return own.translate(found, source, report) if own.is_own(found) else translate(found, source, report)


def _read_module(source: Source, report: Report) -> Outcome:
    try:
        module = importlib.import_module(DSL)
    except ModuleNotFoundError as error:
        if error.name != DSL:
            raise
        report.add(NothingToMigrate(source.start, TARGET))
        return Outcome(None)
    outcome = module.read_module(source, report)
    assert isinstance(outcome, Outcome)
    return outcome
