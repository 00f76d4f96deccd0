"""Airflow's own traps: skips, empty and single fan-outs, failures that Airflow would not count, values, versions, pods."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from pipec.backends.airflow import AirflowBackend
from pipec.backends.airflow.compile import compiled
from pipec.backends.airflow.emit import emit
from pipec.backends.airflow.imports import IMPORTS
from pipec.backends.airflow.names import HELPERS
from pipec.backends.airflow.pipeline import packed_value, schema_types
from pipec.compiler import passes
from pipec.compiler.diagnostics import Report
from pipec.compiler.frontend import read
from pipec.compiler.rendering import helper
from pipec.compiler.site import Site
from pipec.ir.literals import source_of
from tests.support.discovery import ROOT, Case, Run
from tests.support.running import Runners, differences, surprises

CASES = [Case(folder) for folder in sorted((Path(__file__).parent / "airflow_cases").iterdir()) if folder.is_dir()]

LONG = (
    "arm_effects", "arm_loops", "group_loop", "loop_branches", "nested_pre_post", "triple", "try_ends", "try_loops",
    "try_outputs", "try_waits",
)  # fmt: skip
"""Cases of many tasks; like the further runs of all, they are left to `make test-all`."""


def dag_file(source: str, folder: Path, version: str = "3.3") -> str:
    """The DAG file of the last pipeline of `source`."""
    file = folder / "module.py"
    file.write_text(textwrap.dedent(source), encoding="utf-8")
    report, site = Report(), Site(versions={"airflow": version})
    pipeline = read(file, root=folder, site=site, report=report)[-1]
    assert not report.failed, [f.message for f in report]
    return emit(compiled(passes.run(pipeline, report), site).file)


@pytest.mark.orchestrator
@pytest.mark.xdist_group("run-airflow")
@pytest.mark.parametrize(
    "run",
    [
        pytest.param(run, id=run.id, marks=[pytest.mark.slow] if run.number > 0 or case.name in LONG else [])
        for case in CASES
        for run in case.runs
    ],
)
def test_runs_like_plain_python(run: Run, runners: Runners) -> None:
    reference, ran = runners.reference(run), runners.run(run, "airflow")
    found = [*surprises(run, ran), *differences(reference, ran)]
    assert not found, "\n".join([*found, ran.outcome.error or "", ran.log])


KILLED = """
import os
import signal

from pipec import pipeline, step


@step
def dies(n: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return n


@pipeline
def killed(n: int = 1) -> int:
    try:
        found = dies(n)
    except Exception:
        found = -1
    return found
"""


@pytest.mark.orchestrator
@pytest.mark.xdist_group("run-airflow")
def test_a_killed_step_is_not_caught(runners: Runners, tmp_path: Path) -> None:
    """Out of memory, or evicted: the task has no moment left in which it could give a message."""
    case = tmp_path / "killed"
    case.mkdir()
    (case / "pipeline.py").write_text(KILLED, encoding="utf-8")
    ran = runners.run(Run(Case(case), 0), "airflow")
    assert ran.outcome.status == "failed"
    assert [entry.status for entry in ran.outcome.steps] == ["failed"]


VALUES: list[Any] = [
    None, True, 0, -1, 2**63 - 1, 2**63, -(10**5000), 1.5, 1.0, -0.0, 1e16, 1e300, 5e-324, float("inf"), -float("inf"), "", "a\0b",
    "\ud800", "{{ ds }}", b"\0\xff", (), (1, (2,)), [], [[], ()], {}, {"b": 1, "a": 2}, {"aa": 1, "b": 2}, {1: 2, "1": 3},
    {"$tuple": [1]}, {"__x": 1}, {(1, "a"): None}, {1, 2}, frozenset({"x"}), {True: 1.0},
]  # fmt: skip


def helpers() -> dict[str, Any]:
    """The functions that pack and unpack values in DAG files."""
    text = helper("airflow", "values.py").replace("(bool, ObjectStoragePath)", "bool")
    found: dict[str, Any] = {}
    exec("import base64\nfrom collections.abc import Sequence\nfrom typing import Any\n" + text, found)
    return found


@pytest.mark.parametrize("value", VALUES, ids=[str(i) for i in range(len(VALUES))])
def test_values_survive_json_and_what_databases_do_to_it(value: Any) -> None:
    packed = helpers()["to_xcom"](value)
    assert source_of(packed) == source_of(packed_value(value)), (
        "the compiler packs defaults of parameters as DAG files do"
    )

    def jsonb(item: Any) -> Any:
        """What PostgreSQL makes of JSON: keys in its own order, numbers without exponents, no NUL."""
        match item:
            case dict():
                keys = sorted(item, key=lambda k: (len(k.encode()), k.encode()))
                return {jsonb(k): jsonb(item[k]) for k in keys}
            case list():
                return [jsonb(i) for i in item]
            case str():
                assert "\0" not in item
                item.encode()
                return item
            case float() if "e+" in repr(item):
                return int(item)
            case int() if not isinstance(item, bool):
                assert abs(item) < 2**63
        return item

    back = helpers()["from_xcom"](jsonb(json.loads(json.dumps(packed, allow_nan=False))))
    assert source_of(back) == source_of(value)


def test_nan_survives() -> None:
    packed = json.loads(json.dumps(helpers()["to_xcom"](float("nan")), allow_nan=False))
    assert repr(helpers()["from_xcom"](packed)) == "nan"


@pytest.mark.parametrize(
    ("annotation", "types"),
    [("int", ["integer"]), ("str | None", ["null", "string"]), ("Optional[float]", ["null", "number"]), ("list[int]", ["array"]),
     ("dict[str, list[int]]", ["object"]), ("tuple[int, str]", []), ("", []), ("Literal['a']", [])],
)  # fmt: skip
def test_parameters_have_schema_types(annotation: str, types: list[str]) -> None:
    assert schema_types(annotation) == types


def test_all_helpers_are_known_by_name() -> None:
    folder = ROOT / "pipec" / "templates" / "airflow"
    text = "\n".join(file.read_text() for file in folder.glob("*.py"))
    defined = {
        line.split()[1].split("(")[0].rstrip(":") for line in text.splitlines() if line.startswith(("def ", "class "))
    }
    defined |= set(re.findall(r"^(\w+) = ", text, re.M)) - {"T"}
    assert defined == HELPERS


SIMPLE = """
    from pipec import pipeline, step, {extra}


    @step{settings}
    def double(n: int) -> int:
        return n * 2


    @pipeline{pipeline}
    def numbers(n: int = 1) -> int:
        return double(n)
"""


def simple(folder: Path, settings: str = "", pipeline: str = "", extra: str = "GPU", version: str = "3.3") -> str:
    return dag_file(SIMPLE.format(settings=settings, pipeline=pipeline, extra=extra), folder, version)


@pytest.mark.parametrize(
    ("pipeline", "extra", "expected"),
    [
        ('(schedule="@daily")', "GPU", 'schedule="@daily"'),
        ('(schedule=Cron("0 2 * * *"))', "Cron", 'schedule="0 2 * * *"'),
        ('(schedule=Cron("0 2 * * *", timezone="Europe/Berlin", start="2026-01-01", catchup=True))', "Cron",
         'schedule=CronTriggerTimetable("0 2 * * *", timezone="Europe/Berlin")'),
        ('(schedule=Every("15m"))', "Every", "schedule=timedelta(minutes=15)"),
        ('(timeout="2h", max_active_runs=1, max_parallel=4, tags=["a"], owner="ml")', "GPU", "dagrun_timeout=timedelta(hours=2)"),
    ],
)  # fmt: skip
def test_schedules_and_settings(pipeline: str, extra: str, expected: str, tmp_path: Path) -> None:
    """What Airflow makes of them: `test_airflow_settings.py`."""
    assert f"    {expected},\n" in simple(tmp_path, pipeline=pipeline, extra=extra)


def test_nothing_is_retried_that_nobody_asked_for(tmp_path: Path) -> None:
    assert "retries" not in simple(tmp_path)
    retried = simple(tmp_path, settings='(retries=Retry(3, delay="30s", backoff=2, max_delay="10m"))', extra="Retry")
    assert "retries=3," in retried and "retry_delay=timedelta(seconds=30)," in retried
    assert "retry_exponential_backoff=True," in retried and "max_retry_delay=timedelta(minutes=10)" in retried


def test_the_image_of_the_project_is_not_that_of_the_workers(tmp_path: Path) -> None:
    file, site = tmp_path / "module.py", Site(image="team/base:1")
    for settings, told in (("", ["PC404"]), ('(image="team/train:2")', [])):
        text = SIMPLE.format(settings=settings, pipeline="", extra="Cron")
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        report = Report()
        pipeline = read(file, root=tmp_path, site=site, report=report)[-1]
        assert AirflowBackend().build(pipeline, site, report) is not None
        assert [f.code for f in report if "workers" in f.message] == told


def test_catchup_needs_a_start(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    pipeline = '(schedule=Cron("0 2 * * *", catchup=True))'
    file.write_text(textwrap.dedent(SIMPLE.format(settings="", pipeline=pipeline, extra="Cron")), encoding="utf-8")
    report = Report()
    assert AirflowBackend().build(read(file, root=tmp_path, site=Site(), report=report)[-1], Site(), report) is None
    assert [f.code for f in report] == ["PC407"]


def test_airflow_3_1_gets_no_dag_param(tmp_path: Path) -> None:
    assert 'double(dag.param("n"))' in simple(tmp_path)
    assert "dag.param" not in simple(tmp_path, version="3.1")


def loaded(text: str, folder: Path, **environment: str) -> dict[str, Any]:
    """What Airflow makes of a DAG file: import errors, pod overrides, whether kubernetes was imported."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    file = folder / "dag.py"
    file.write_text(text, encoding="utf-8")
    code = """
        import json, sys
        from airflow.dag_processing.dagbag import DagBag
        heavy = sorted(m for m in ("kubernetes", "pandas", "sklearn") if m in sys.modules)
        bag = DagBag(sys.argv[1])
        dags = list(bag.dags.values())
        pods = [t.executor_config["pod_override"].to_dict() for d in dags for t in d.tasks if t.executor_config]
        imported = [m for m in ("kubernetes", "pandas", "sklearn") if m in sys.modules and m not in heavy]
        print("@@" + json.dumps({"errors": bag.import_errors, "pods": pods, "imported": imported}, default=str))
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    env = {**clean, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **environment}
    command = [sys.executable, "-c", textwrap.dedent(code), str(file)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=folder)
    assert "@@" in done.stdout, done.stderr[-3000:]
    return dict(json.loads(done.stdout.rpartition("@@")[2]))


@pytest.mark.orchestrator
def test_resources_are_a_pod_override_of_the_kubernetes_executor_alone(tmp_path: Path) -> None:
    text = simple(tmp_path, settings='(cpu="500m", memory="2Gi", gpu=GPU("a100", count=2), image="registry/image:1")')
    assert loaded(text, tmp_path) == {"errors": {}, "pods": [], "imported": []}
    pytest.importorskip("kubernetes")
    found = loaded(text, tmp_path, AIRFLOW__CORE__EXECUTOR="KubernetesExecutor")
    (container,) = found["pods"][0]["spec"]["containers"]
    assert container["name"] == "base" and container["image"] == "registry/image:1"
    assert container["resources"]["requests"] == {"cpu": "500m", "memory": "2Gi"}
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "2"}


def test_needed_imports_are_importable() -> None:
    assert all(source.split()[-1] == name for name, source in IMPORTS.items())


LEAVES = """
    import os
    import subprocess
    import sys
    from pathlib import Path

    from pipec import pipeline, step

    @step
    def leave(place: str, wait: bool) -> None:
        left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(place).write_text(f"{os.getpid()} {left.pid}")
        while wait:
            pass

    @pipeline
    def leaves(place: str, wait: bool = False) -> None:
        leave(place, wait)
"""


def ended(pid: int) -> bool:
    """Whether a process has gone, or is only waited for any more."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "ZX"


@pytest.mark.orchestrator
@pytest.mark.xdist_group("run-airflow")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("dies", [False, True], ids=["run_ends", "runner_dies"])
def test_no_process_outlives_its_run(dies: bool, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(textwrap.dedent(LEAVES), encoding="utf-8")
    place = tmp_path / "pids"
    command = [sys.executable, "-m", "pipec", "run", "module.py", "--target", "airflow"]
    command += ["--param", f"place={place}", "--param", f"wait={str(dies).lower()}"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if dies:
        until = time.monotonic() + 300
        while not (place.exists() and place.read_text(encoding="utf-8").count(" ")):
            assert process.poll() is None and time.monotonic() < until, process.communicate()[0]
            time.sleep(0.1)
        run = int(place.read_text(encoding="utf-8").split()[0])
        runner = int(Path(f"/proc/{run}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        os.kill(runner, signal.SIGKILL)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == (70 if dies else 0), said
    pids = [int(pid) for pid in place.read_text(encoding="utf-8").split()]
    until = time.monotonic() + 30
    while not all(map(ended, pids)):
        assert time.monotonic() < until, f"of {pids} one still runs"
        time.sleep(0.1)
