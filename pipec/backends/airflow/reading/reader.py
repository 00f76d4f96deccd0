"""The reader of DAG files."""

from __future__ import annotations

import re

from pipec.backends.airflow.reading import own
from pipec.backends.airflow.reading.interpret import interpret
from pipec.backends.airflow.reading.lift import Lift
from pipec.backends.airflow.reading.naming import TARGET
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import CannotMigrate, NothingToMigrate, UnreadablePipeline
from pipec.compiler.pysource.syntax import parsed
from pipec.compiler.reading import Outcome, Source

LARGEST = 2_000_000
"""The longest file that is read, in characters."""

_DAG = re.compile(r"\bDAG\s*\(|@\s*(?:\w+\.)*(?:dag|asset)\b")


class AirflowReader:
    """Reads DAG files of Airflow 2 and 3."""

    def looks_like(self, source: Source) -> bool:
        """Whether the file mentions Airflow, and makes a DAG."""
        return "airflow" in source.text and bool(_DAG.search(source.text))

    def read(self, source: Source, report: Report) -> Outcome:
        """The DAGs of the file as pipelines."""
        try:
            return self._read(source, report)
        except (RecursionError, MemoryError):
            report.add(UnreadablePipeline(source.start, TARGET, "its expressions are nested too deeply"))
            return Outcome(None)

    def _read(self, source: Source, report: Report) -> Outcome:
        if len(source.text) > LARGEST:
            report.add(UnreadablePipeline(source.start, TARGET, "it is too long"))
            return Outcome(None)
        try:
            tree = parsed(source.text)
        except SyntaxError as error:
            place = source.at(error.lineno or 1, max(1, error.offset or 1))
            report.add(UnreadablePipeline(place, TARGET, f"it is no Python: {error.msg}"))
            return Outcome(None)
        except ValueError as error:
            report.add(UnreadablePipeline(source.start, TARGET, f"it is no Python: {error}"))
            return Outcome(None)
        if own.is_own(source):
            return own.read(source, report)
        state = interpret(source, tree)
        for problem in state.problems:
            report.add(CannotMigrate(source.span(problem.node), TARGET, problem.what, problem.reason, problem.advice))
        if not state.dags:
            if not state.problems:
                report.add(NothingToMigrate(source.start, TARGET))
            return Outcome(None)
        return Lift(state, report).run()
