"""Reads back the DAG files that pipec itself has written."""

from __future__ import annotations

import ast

from pipec.backends.airflow.reading.own.dag import Node
from pipec.backends.airflow.reading.own.functions import MARKS
from pipec.backends.airflow.reading.own.module import Made, made_of
from pipec.backends.airflow.reading.own.parts import parts_of
from pipec.backends.airflow.reading.own.unknown import Unknown
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate, KeptNative
from pipec.compiler.reading import Outcome, PipelineRead, Source, TaskRead

TARGET = "airflow"


def is_own(source: Source) -> bool:
    """Whether pipec has written the file."""
    return any(mark in source.text for mark in MARKS) and "with DAG(" in source.text


def read(source: Source, report: Report) -> Outcome:
    """The DAG of the file as a pipeline; `CannotMigrate` where something in it is not understood."""
    tree = ast.parse(source.text)
    try:
        made = made_of(parts_of(source, tree))
    except Unknown as problem:
        span = source.span(problem.node) if problem.node is not None else source.start
        advice = "migrate the pipeline that this file was built from"
        report.add(CannotMigrate(span, TARGET, "this generated DAG", problem.reason, advice))
        return Outcome(None)
    _adapted(source, made, report)
    return Outcome(made.module, (_read(source, made),))


def _adapted(source: Source, made: Made, report: Report) -> None:
    """Say what a DAG file does not tell, and what is written in another form."""
    span = source.span(made.dag.items[0].context_expr)
    kept = "it returns the last value that no task reads" if made.returns else "it returns nothing"
    if not made.told:
        report.add(Adapted(span, made.name, f"a DAG does not say what its run results in, so {kept}"))
    if any(node.groups for node in made.graph.every()):
        report.add(Adapted(span, made.name, "its task groups are written in line, and most ids lose their names"))
    for node, word in made.natives.items():
        report.add(KeptNative(source.span(node.stmt), "Airflow", node.full, word))


def _read(source: Source, made: Made) -> PipelineRead:
    tasks = [node for node in made.graph.every() if node in made.called]
    return PipelineRead(made.name, made.function, tuple(_task(source, made, node) for node in tasks))


def _task(source: Source, made: Made, node: Node) -> TaskRead:
    word = made.natives.get(node)
    if word is None:
        return TaskRead(node.full, "exact", source.span(node.stmt))
    return TaskRead(node.full, "opaque", source.span(node.stmt), (f"`{word}` is kept in Airflow's words",))
