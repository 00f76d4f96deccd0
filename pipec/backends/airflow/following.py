"""The end of a run that another pipeline waits for: a last task that updates an asset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.graph import exits
from pipec.backends.airflow.settings import end_of

if TYPE_CHECKING:
    from pipec.backends.airflow.lower import Lowering


def told_of_the_end(low: Lowering) -> None:
    """Update the asset once all tasks are over, and none of them has failed: then the run ends well."""
    if not low.pipeline.policy.followed:
        return
    function = low.functions.empty()
    function.options = {"outlets": f"[{end_of(low.pipeline.name)}]"}
    ends = exits(low.nodes)
    last = low.new(low.ids.fresh("run_succeeded"), function, low.top)
    for end in ends:
        last.after(end)
