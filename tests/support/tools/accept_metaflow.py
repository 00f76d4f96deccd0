"""Run Metaflow's own linter, and the graph that its deployers compile, over flow files in one process.

Usage: python accept_metaflow.py FOLDER
"""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from pathlib import Path


def check(file: Path) -> None:
    """Raise what `python flow.py check` would print."""
    from metaflow import FlowSpec
    from metaflow.lint import linter

    spec = importlib.util.spec_from_file_location(f"flow_{abs(hash(str(file)))}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    flows = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, FlowSpec) and v is not FlowSpec]
    assert len(flows) == 1, f"{len(flows)} flows"
    linter.run_checks(flows[0]._graph)
    flows[0]._graph.output_steps()


def main(folder: str) -> None:
    """Print `{file: error or ""}`."""
    verdicts = {}
    for file in sorted(Path(folder).rglob("*.py")):
        try:
            check(file)
            verdicts[file.relative_to(folder).as_posix()] = ""
        except BaseException:
            verdicts[file.relative_to(folder).as_posix()] = traceback.format_exc()
    print("\n@@" + json.dumps(verdicts))


if __name__ == "__main__":
    main(sys.argv[1])
