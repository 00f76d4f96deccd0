"""Reads back what pipec itself has written, from the document alone: the plain Python pipeline that it was made of."""

from __future__ import annotations

from pipec.backends.kfp.reading.documents import Documents
from pipec.backends.kfp.reading.own.translation import Translation
from pipec.backends.kfp.reading.values import RefusedError
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import CannotMigrate
from pipec.compiler.reading import Outcome, Source

TARGET = "kfp"
WRITER = "pipec"
"""What `sdkVersion` says of its documents."""


def is_own(documents: Documents) -> bool:
    """Whether pipec has written the document."""
    return documents.spec.get("sdkVersion") == WRITER


def translate(documents: Documents, source: Source, report: Report) -> Outcome:
    """The module that a document of pipec's was made of; `CannotMigrate` says where that cannot be said."""
    try:
        return Translation(documents, source, report).outcome()
    except RefusedError as error:
        place = documents.place("pipelineInfo", "name")
        name = str(documents.spec["pipelineInfo"]["name"])
        report.add(CannotMigrate(place, TARGET, f"pipeline `{name}`", str(error)))
        return Outcome(None)
