"""Reading Kubeflow pipelines as Python source: the documents that the SDK would compile them to, without running them.

The file is evaluated as far as its pipelines need: functions of pipelines run on stand-ins for components, tasks and
values of the run. Nothing of the file and of its libraries is ever imported or executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

from pipec.backends.kfp.reading.documents import Documents
from pipec.backends.kfp.reading.dsl.compiled import Compiled
from pipec.backends.kfp.reading.dsl.definitions import needed
from pipec.backends.kfp.reading.dsl.machine import Machine
from pipec.backends.kfp.reading.dsl.names import TARGET
from pipec.backends.kfp.reading.dsl.outcomes import merged
from pipec.backends.kfp.reading.dsl.pipelines import alone, overridden
from pipec.backends.kfp.reading.dsl.problems import Problem
from pipec.backends.kfp.reading.dsl.scope import FileModule
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import NothingToMigrate, UnreadablePipeline
from pipec.compiler.pysource.syntax import parsed
from pipec.compiler.reading import Outcome, Source

__all__ = ["documents_of", "read_module"]


def read_module(source: Source, report: Report) -> Outcome:
    """All pipelines of the file as one plain Python module."""
    from pipec.backends.kfp.reading.translate import translate

    found = [translate(documents, source, report) for documents in documents_of(source, report)]
    return merged(found, _docstring(source))


def _docstring(source: Source) -> str:
    try:
        return ast.get_docstring(ast.parse(source.text)) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def documents_of(source: Source, report: Report) -> tuple[Documents, ...]:
    """The documents of every pipeline of the file that can be read; the report says what keeps others from it."""
    try:
        tree = parsed(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line, column = getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1
        report.add(UnreadablePipeline(source.at(line, column), TARGET, f"it is no Python: {error}"))
        return ()
    machine = Machine(source, report)
    machine.load(FileModule(source, tree))
    own = [attempt for attempt in machine.attempts if attempt.function.source is source]
    made: list[Callable[[], Compiled]] = []
    for attempt in own:
        if attempt.problem is not None:
            attempt.problem.tell(report)
        elif attempt.component is not None and (attempt.overrides or not attempt.used):
            made.append(partial(overridden, attempt, report))
    if not own:
        made = [partial(alone, component) for component in machine.alone]
        if not made:
            report.add(NothingToMigrate(source.start, TARGET))
    found: list[Documents] = []
    for make in made:
        try:
            graph = make()
            extra = needed(graph.components, report)
        except Problem as problem:
            problem.at(source.start).tell(report)
        else:
            found.append(graph.documents(tuple(extra.definitions), tuple(extra.imports)))
    return tuple(found)
