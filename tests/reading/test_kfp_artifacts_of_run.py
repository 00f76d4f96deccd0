"""Pipelines of Kubeflow's that take artifacts: nothing gives a run of one any, and a pipeline that calls it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec import api
from pipec.api import verifying
from pipec.api.sources import Workspace
from tests.reading.corpus_kfp import read

ORIGINAL = Path(__file__).parent / "kfp" / "artifacts_of_run" / "original.yaml"
CALLER = """
from pathlib import Path

from migrated import artifacts_of_run
from pipec import Dataset, pipeline, step


@step
def make(lines: int) -> Dataset:
    path = Path("lines.txt")
    path.write_text("line\\n" * lines)
    return path


@pipeline
def caller(have: int = 5, take: int = 3) -> int:
    return artifacts_of_run(make(have), lines=take)
"""


@pytest.fixture
def caller(tmp_path: Path) -> Path:
    """A pipeline that calls what was migrated."""
    Path(tmp_path, "migrated.py").write_text(read(ORIGINAL).text, encoding="utf-8")
    file = tmp_path / "caller.py"
    file.write_text(CALLER, encoding="utf-8")
    return file


def component(caller: Path) -> tuple[dict[str, Any], list[str]]:
    """What becomes of the pipeline that is called, and the codes of the warnings."""
    workspace = Workspace()
    (built,) = api.build([f"{caller}:caller"], ["kfp"], workspace)
    spec = next(yaml.safe_load_all(built.bundle.files[built.bundle.main]))
    task = next(t for t in spec["root"]["dag"]["tasks"].values() if "artifacts" in t.get("inputs", {}))
    codes = [shown.finding.code for shown in workspace.shown() if shown.finding.severity != "info"]
    return spec["components"][task["componentRef"]["name"]], codes


def test_called_it_takes_an_artifact_again(caller: Path) -> None:
    before = yaml.safe_load(ORIGINAL.read_text(encoding="utf-8"))["root"]
    after, codes = component(caller)
    assert "dag" in after and codes == []
    (given,) = after["inputDefinitions"]["artifacts"].values()
    assert given == before["inputDefinitions"]["artifacts"]["data"]


@pytest.mark.orchestrator
@pytest.mark.parametrize(("have", "take"), [(5, 3), (1, 3)])
def test_called_it_does_what_it_did(caller: Path, have: int, take: int) -> None:
    workspace = Workspace()
    one = api.read_one(f"{caller}:caller", workspace)
    assert one is not None
    found = verifying.verify(*one, ("kfp",), {"have": have, "take": take}, workspace)
    assert found.agree, [difference.text for difference in found.differences]
    assert {ran.result for ran in found.runs.values()} == {min(have, take)}


@pytest.mark.orchestrator
def test_a_run_has_no_artifacts_to_give() -> None:
    """Neither the API of the server nor what its driver is given has a place for them, and the SDK refuses one."""
    server = pytest.importorskip("kfp_server_api")
    assert set(server.V2beta1RuntimeConfig.attribute_map) == {"parameters", "pipeline_root"}
    spec = pytest.importorskip("kfp.pipeline_spec.pipeline_spec_pb2")
    given = {field.name for field in spec.PipelineJob.RuntimeConfig.DESCRIPTOR.fields}
    assert given == {"parameters", "gcs_output_directory", "parameter_values"}
    components, dsl = pytest.importorskip("kfp.components"), pytest.importorskip("kfp.dsl")
    called = components.load_component_from_file(str(ORIGINAL))
    with pytest.raises(ValueError, match="Input artifacts are not supported"):
        called(data=dsl.Dataset(name="data", uri=str(ORIGINAL)))
