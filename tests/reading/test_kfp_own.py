"""What pipec has written for Kubeflow is read back: it means the same as what it was made of, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.backends.kfp.reading import own
from pipec.backends.kfp.reading.reader import KfpReader
from pipec.backends.kfp.reading.yaml import load
from pipec.compiler.diagnostics import Report
from pipec.compiler.reading import Source, render
from tests.reading.kfp_own import compared, documents, read_back
from tests.support.discovery import Case
from tests.support.plain import PlainPython

OTHERWISE = {
    # elsewhere another step stands in for the native one of Kubeflow, and its document knows of no other
    "native_otherwise": "a native step of kfp runs only there",
}
"""Document -> why its runs cannot be compared with those of what is read back."""
DOCUMENTS = [pytest.param(case, file, id=file.stem) for case, file in documents()]
FAST = [param for param in DOCUMENTS if param.values[0].folder.parent.name == "cases"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("case", "file"), DOCUMENTS)
def test_is_read_back(case: Case, file: Path, tmp_path: Path) -> None:
    """The module that is made is one that the frontend takes; nothing is refused."""
    back = read_back(case, file, tmp_path, static=True)
    assert not back.refused, back.findings
    assert not back.wrong, back.text
    assert not [f for f in back.findings if "PC506" in f]


@pytest.mark.parametrize(("case", "file"), FAST)
def test_runs_equal(case: Case, file: Path, tmp_path: Path, plain: PlainPython) -> None:
    """Each run of the case gives the same result, and calls the same steps as often."""
    different = compared(read_back(case, file, tmp_path, static=True), tmp_path, plain)
    if (known := OTHERWISE.get(file.stem)) is not None:
        assert different and all(known in text for text in different)
    else:
        assert different == []


def sample(name: str) -> str:
    """A sample's document."""
    return next(file for case, file in documents() if file.stem == name).read_text(encoding="utf-8")


def outcome_of(text: str) -> tuple[bool, list[str]]:
    """Whether a document is read, and the findings."""
    report = Report()
    source = Source(Path("pipeline.yaml"), "pipeline.yaml", text)
    found = load(source, report)
    assert found is not None and own.is_own(found)
    outcome = own.translate(found, source, report)
    return outcome.module is not None, [f.message for f in report]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("text = str(text) if False else text", "", ""),
        ('"""A parameter."""\n              return kfp_parse(', '"""A parameter."""\n              return print(', "is not what"),
        ("best = max(range(len(scores)), key=lambda i: scores[i])", "print(scores)", "is not known"),
        ("result = split(frame)", "result = split(frame) or eval('1')", "is not known"),
    ],
)  # fmt: skip
def test_changed_programs_are_refused(old: str, new: str, reason: str) -> None:
    """Programs that somebody has changed by hand are not guessed at."""
    read, findings = outcome_of(sample("digits").replace(old, new))
    assert read == (not reason)
    assert not reason or any(reason in message for message in findings)


def test_foreign_documents_are_not_own() -> None:
    """Only what says that pipec has written it is read this way."""
    report = Report()
    text = sample("digits").replace("sdkVersion: pipec", "sdkVersion: kfp-2.17.0")
    found = load(Source(Path("pipeline.yaml"), "pipeline.yaml", text), report)
    assert found is not None and not own.is_own(found)


ARGUMENTS = """\
from pipec import GPU, Argument, pipeline, step


@step
def size_for(rows: int) -> str:
    return f"{rows}Gi"


@step(memory=Argument("memory"), gpu=GPU(count=Argument("gpus")))
def train(rows: int, memory: str, gpus: int) -> str:
    return f"{rows} rows in {memory} with {gpus}"


@step(cpu_limit=Argument("cores"))
def tune(text: str, cores: float) -> str:
    return text


@pipeline
def sized(rows: int = 3, gpus: int = 1, cores: float = 0.5):
    memory = size_for(rows)
    text = train(rows, memory, gpus)
    return tune(text, cores + 1)
"""


def test_settings_that_only_the_run_knows_come_back(tmp_path: Path) -> None:
    file = tmp_path / "sized.py"
    file.write_text(ARGUMENTS, encoding="utf-8")
    (made,) = api.build([str(file)], ["kfp"], api.Workspace())
    (text,) = made.bundle.files.values()
    report = Report()
    found = KfpReader().read(Source(tmp_path / "sized.yaml", "sized.yaml", text), report)
    assert found.module is not None and not list(report)
    assert render(found.module).partition("\n\n")[2] == ARGUMENTS


def native_document() -> str:
    return next(file for _, file in documents() if file.stem == "native_components").read_text(encoding="utf-8")


def test_native_steps_come_back() -> None:
    """They are kept in Kubeflow's words, which is told; settings that one gives to others come back by its name."""
    report = Report()
    outcome = KfpReader().read(Source(Path("p.yaml"), "p.yaml", native_document()), report)
    assert outcome.module is not None
    text = render(outcome.module)
    assert {f.code for f in report} == {"PC503"}
    assert {t.name for p in outcome.pipelines for t in p.tasks if t.status == "opaque"} == {
        "claim", "drop", "known", "publish", "train",
    }  # fmt: skip
    assert '"taskOutputParameter": {"producerTask": "claim", "outputParameterKey": "name"}' in text
    assert '@pipeline(targets={"kfp": {"workspace": {"size": "1Gi"}}})' in text
    assert "folder = workspace_path()" in text
    assert "parallel" not in text  # that a step waits for the claim that it mounts, its setting says


def test_the_workspace_comes_back_whatever_is_asked_of_its_claim() -> None:
    """Also what a server does not take: building says so."""
    text = native_document()
    assert text.count("pvcSpecPatch: {}") == 1
    text = text.replace("pvcSpecPatch: {}", "pvcSpecPatch: {volumeMode: Block}")
    module = KfpReader().read(Source(Path("p.yaml"), "p.yaml", text), Report()).module
    assert module is not None and '"kubernetes": {"pvcSpecPatch": {"volumeMode": "Block"}}' in render(module)


def test_settings_of_the_pipeline_that_have_no_counterpart_are_named() -> None:
    text = native_document().replace(
        "    pipelineConfig:\n", "    pipelineConfig:\n      resourceTtlOnCompletion: 60\n"
    )
    read, findings = outcome_of(text)
    assert read and any("resourceTtlOnCompletion" in message for message in findings)
