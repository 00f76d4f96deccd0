"""Flow -> text."""

from __future__ import annotations

from pipec.backends.metaflow.model import Flow
from pipec.compiler.rendering import render


def text(flow: Flow) -> str:
    """The flow file."""
    return render("metaflow", "flow.py.j2", flow=flow)
