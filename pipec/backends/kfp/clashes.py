"""Names of the user's that a component's program needs itself: `task` and `result` become `task_` and `result_`."""

from __future__ import annotations

from pipec.compiler.passes.rename import renamed
from pipec.ir import Pipeline


def without_clashes(pipeline: Pipeline) -> Pipeline:
    """`pipeline` whose definitions leave the glue's locals and the helpers alone."""
    taken = {n for d in pipeline.definitions for n in d.names}
    changed: dict[str, str] = {}
    for name in sorted(n for n in taken if n in ("task", "result") or n.startswith(("kfp_", "Kfp"))):
        new = f"user_{name}" if name.lower().startswith("kfp") else f"{name}_"
        while new in taken:
            new += "_"
        taken.add(new)
        changed[name] = new
    return renamed(pipeline, changed)
