"""The targets' own tools take every committed output: loaders, linters, schemas, serializers."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipec import api
from tests.support import environments
from tests.support.building import source_of
from tests.support.discovery import ROOT, Case, cases, samples

TOOLS = ROOT / "tests" / "support" / "tools"
CASES = [*samples(), *cases()]


def built_for(target: str) -> list[Case]:
    return [case for case in CASES if target in case.targets]


PODS = "airflow-pods"
"""The environment with Airflow's providers of Kubernetes and Docker."""
PROVIDERS = ("from airflow.providers.cncf.kubernetes", "from airflow.providers.docker")
OLDEST_KFP = "2.5"


def pods(case: Case) -> bool:
    """Whether the DAG file needs Airflow's provider of Kubernetes or Docker, which have an environment of their own."""
    files = (case.folder / "built" / "airflow").glob("*.py")
    return any(provider in file.read_text(encoding="utf-8") for file in files for provider in PROVIDERS)


def collect(target: str, folder: Path, in_pods: bool) -> None:
    """Put the committed outputs of all cases below `folder`, each in a folder of its own."""
    for case in built_for(target):
        if pods(case) == in_pods or target != "airflow":
            shutil.copytree(case.folder / "built" / target, folder / case.name)


@functools.cache
def verdicts(target: str, seed: str = "0", environment_of: str = "") -> dict[str, object]:
    """What the target's tool says about each file, from one process for all of them."""
    interpreter = environments.python(environment_of) if environment_of else sys.executable
    # one folder for all calls of a process: Airflow's hash covers the folder of the DAG files
    with contextlib.ExitStack() as stack:
        name = Path(tempfile.gettempdir()) / f"pipec-accept-{os.getpid()}-{target}"
        stack.callback(shutil.rmtree, name, ignore_errors=True)
        folder, home = name / "outputs", name / "home"
        folder.mkdir(parents=True)
        home.mkdir()
        collect(target, folder, environment_of == PODS)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "METAFLOW", "KFP"))},
            "HOME": str(home),
            "AIRFLOW_HOME": str(home / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",  # seconds; a busy machine is no fault of the files
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
            "METAFLOW_HOME": str(home / "metaflow"),
            "METAFLOW_USER": "tests",
            "PYTHONHASHSEED": seed,
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [interpreter, str(TOOLS / f"accept_{target}.py"), str(folder)]
        return dict(environments.answer(command, home, environment))


def of(case: Case, found: dict[str, object]) -> dict[str, object]:
    """The verdicts about the files of one case."""
    own = {file: verdict for file, verdict in found.items() if file.split("/")[0] == case.name}
    assert own, "there is no output for the tool to look at"
    return own


@pytest.mark.orchestrator
@pytest.mark.xdist_group("accept-kfp")
@pytest.mark.parametrize("case", built_for("kfp"), ids=lambda case: case.name)
def test_kfp_parses_strictly_and_loads(case: Case) -> None:
    assert set(of(case, verdicts("kfp")).values()) == {""}


@pytest.mark.orchestrator
@pytest.mark.xdist_group("accept-kfp")
@pytest.mark.parametrize("case", built_for("kfp"), ids=lambda case: case.name)
def test_the_oldest_kfp_parses_strictly(case: Case) -> None:
    """A server rejects fields that it does not know; those of later versions are refused for it by the table."""
    if set(of(case, verdicts("kfp", environment_of=f"kfp-{OLDEST_KFP}")).values()) != {""}:
        workspace = api.Workspace(versions={"kfp": OLDEST_KFP})
        assert not api.build([source_of(case)], ["kfp"], workspace)
        told = [f"{s.finding.message} {getattr(s.finding, 'note', '')}" for s in workspace.shown()]
        assert any(f"this is for {OLDEST_KFP}" in text for text in told)


@pytest.mark.orchestrator
@pytest.mark.xdist_group("accept-metaflow")
@pytest.mark.parametrize("case", built_for("metaflow"), ids=lambda case: case.name)
def test_metaflow_lints(case: Case) -> None:
    assert set(of(case, verdicts("metaflow")).values()) == {""}


@pytest.mark.orchestrator
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, marks=[] if c.name == "digits" else [pytest.mark.slow], id=c.name)
        for c in samples()
        if "metaflow" in c.targets
    ],
)
def test_metaflow_check(case: Case, tmp_path: Path) -> None:
    """The command that a user would type, for the samples; the linter behind it sees all cases above."""
    environment = {**os.environ, "METAFLOW_USER": "tests", "METAFLOW_HOME": str(tmp_path), "HOME": str(tmp_path)}
    for file in (case.folder / "built" / "metaflow").glob("*.py"):
        command = [sys.executable, str(file), "--no-pylint", "check"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.orchestrator
@pytest.mark.xdist_group("accept-airflow")
@pytest.mark.parametrize("case", built_for("airflow"), ids=lambda case: case.name)
def test_airflow_imports(case: Case) -> None:
    for file, verdict in of(case, verdicts("airflow", "1", PODS if pods(case) else "")).items():
        assert isinstance(verdict, dict)
        assert verdict["errors"] == [], file
        module = (case.folder / "built" / "airflow" / Path(file).name).read_text(encoding="utf-8")
        assert bool(verdict["dags"]) == ("with DAG(" in module), f"{file} has {verdict['dags'] or 'no DAG'}"


@pytest.mark.orchestrator
@pytest.mark.xdist_group("accept-airflow")
@pytest.mark.parametrize("case", built_for("airflow"), ids=lambda case: case.name)
def test_airflow_serializes_the_same_in_every_process(case: Case) -> None:
    """Otherwise each parse, every 30 seconds, would be a new version of the DAG."""
    first, second = (verdicts("airflow", seed, PODS if pods(case) else "") for seed in ("1", "2"))
    assert of(case, first) == of(case, second)


THEIR_OWN_STYLE = {
    "artifact_object": "the user quotes an annotation",
    "code_classes": "the user writes lru_cache(maxsize=None)",
    "expression_comprehensions": "the user's parentheses",
    "expression_text": "the user formats with % and format()",
    "value_annotations": "the user writes typing.Dict and the like",
    "code_changed_in_place": "statements that belong together stand together",
    "code_modules": "`word[: settings.LIMIT]` keeps its space when the name gets short",
    "collection_rebound": "constants in computed tuples have Python's own quotes",
    "names_long": "names that are longer than a line",
    "code_statements": "the user's long texts, and a block for old Pythons",
    "code_annotations_as_text": "the user's annotations that are text",
    "code_text_files": "a text of several lines in the middle of the user's own lines",
    "code_typing_only": "the user's annotations for type checkers, of modules that stay at home",
    "value_floats": "1e+300 is how Python prints it",
}
"""Cases whose outputs keep what ruff would write differently."""


def tidy(target: str) -> list[str]:
    """The folders with outputs that ruff is to like."""
    return [str(c.folder / "built" / target) for c in built_for(target) if c.name not in THEIR_OWN_STYLE]


@pytest.mark.parametrize("target", ["airflow", "metaflow"])
def test_ruff_is_content(target: str) -> None:
    """With Airflow's own rules, as its gate asks for; the length of lines aside."""
    rules = {"airflow": "AIR,F,E,I,UP", "metaflow": "F,E,I"}[target]
    folders = tidy(target)
    command = [
        "ruff",
        "check",
        "--line-length",
        "120",
        "--isolated",
        "--no-cache",
        "--preview",
        "--select",
        rules,
        "--ignore",
        "E501",
    ]
    command += ["--target-version", "py310", "--output-format", "concise", *folders]
    done = subprocess.run([str(Path(sys.executable).parent / command[0]), *command[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["airflow", "metaflow"])
def test_ruff_would_not_reformat(target: str) -> None:
    """No formatter runs on the outputs: they are printed in their final form, around the user's own code."""
    folders = tidy(target)
    command = ["format", "--isolated", "--no-cache", "--check", "--line-length", "120", *folders]
    done = subprocess.run([str(Path(sys.executable).parent / "ruff"), *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.orchestrator
def test_tools_refuse_what_is_wrong(tmp_path: Path) -> None:
    """The tools can fail: a broken output of each kind is told from a good one."""
    sys.path.insert(0, str(TOOLS))
    try:
        import accept_kfp
        import accept_metaflow
    finally:
        sys.path.remove(str(TOOLS))
    (case, *_) = samples()
    file = next((case.folder / "built" / "kfp").glob("*.yaml"))
    text = file.read_text(encoding="utf-8")
    accept_kfp.check(text)
    with pytest.raises(Exception, match="no field named"):
        accept_kfp.check(text.replace("componentRef", "componentReff", 1))
    flow = tmp_path / "flow.py"
    flow.write_text(
        "from metaflow import FlowSpec, step\nclass F(FlowSpec):\n    @step\n    def start(self):\n        self.next(self.nowhere)\n"
    )
    with pytest.raises(Exception):
        accept_metaflow.check(flow)
