"""Settings of steps come back from the files of an orchestrator as they were written, not as what became of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.api.migrating import migrate
from pipec.backends import REFERENCE
from tests.support.discovery import ROOT

BUILT = {"airflow": "airflow/{}.py", "kfp": "kfp/{}.yaml", "metaflow": "metaflow/{}_flow.py"}


def read_back(case: str, target: str) -> str:
    """The module that the committed output of a case comes back as."""
    return text_of(ROOT / "tests" / "cases" / case / "built" / BUILT[target].format(case), target)


def text_of(file: Path, target: str) -> str:
    """The module that a file becomes."""
    done = migrate(file, target, (REFERENCE,), Path("migrated"), api.Workspace())
    (text,) = done.files.values()
    return text


RETENTION = """
from pipec import pipeline, step


@step
def load(n: int) -> object:
    return n


@step
def use(found: object) -> int:
    return 1


@pipeline(retention="30d")
def training(n: int = 2) -> int:
    return use(load(n))
"""


@pytest.mark.parametrize("target", BUILT)
@pytest.mark.parametrize(
    ("case", "settings"),
    [
        ("settings_argument", ['gpu="a100"', 'memory=Argument("memory")', 'cpu=Argument("cores")']),
        ("settings_resources", ['gpu="a100:2"', "cpu="]),
        ("code_star_import", ["@step(retries=1)"]),
        ("settings_hooks", ["on_failure=page, on_success=post)", "on_failure=page)", "retries=1"]),
        ("settings_in_project", ["gpu=2", "node_selector=", "tolerations="]),  # a device that only the project names
    ],
)
def test_come_back(target: str, case: str, settings: list[str]) -> None:
    text = read_back(case, target)
    assert not [one for one in settings if one not in text], text
    assert case == "settings_in_project" or "nvidia.com" not in text
    assert "def run_failed" not in text


def test_caches_come_back() -> None:
    """Version, age and ignored arguments; Kubeflow alone has no word for the last."""
    for target in BUILT:
        text = read_back("settings_cache", target)
        ignored = "" if target == "kfp" else ', ignore=("verbose",)'
        assert f'@step(cache=Cache(ttl="1h", version="2"{ignored}))' in text, text
        assert "@step(cache=True)" in text and '@step(cache="7d")' in text


def test_pipec_is_no_module_of_the_project(tmp_path: Path) -> None:
    file = ROOT / "tests" / "cases" / "task_chain" / "built" / "metaflow" / "task_chain_flow.py"
    done = migrate(file, "metaflow", (REFERENCE,), tmp_path, api.Workspace())
    assert done.status == "exact", [f.finding.message for f in done.findings]


@pytest.mark.parametrize("target", ["airflow", "kfp"])
@pytest.mark.parametrize("bucket", ["s3://bucket/team", "gs://bucket"])
def test_retention_comes_back(target: str, bucket: str, tmp_path: Path) -> None:
    """From the rule beside the output; one that somebody has changed is none of pipec's."""
    places = f'artifact_root = "{bucket}"\n[tool.pipec.kfp]\ndefaultPipelineRoot = "{bucket}"'
    (tmp_path / "pyproject.toml").write_text(f'[tool.pipec]\nimage = "ml:1"\n{places}\n', encoding="utf-8")
    source = tmp_path / "training.py"
    source.write_text(RETENTION, encoding="utf-8")
    (made,) = api.build([str(source)], [target], api.Workspace())
    for name, text in made.bundle.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    main = made.bundle.main
    assert 'retention="30d"' in text_of(tmp_path / main, target)
    (rule,) = tmp_path.glob("*.lifecycle.json")
    rule.write_text(rule.read_text(encoding="utf-8").replace("30", "31").replace("training", "other"), encoding="utf-8")
    rule.write_text(rule.read_text(encoding="utf-8").replace('"Enabled"', '"Disabled"').replace("Delete", "Hide"))
    assert "retention" not in text_of(tmp_path / main, target)


def test_recurring_runs_come_back(tmp_path: Path) -> None:
    """From the file beside the document; what a person has added to it is named."""
    folder = ROOT / "tests" / "cases" / "settings_schedule" / "built" / "kfp"
    for file in folder.iterdir():
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    assert '@pipeline(schedule=Cron("30 2 * * 1-5"), max_active_runs=1)' in text_of(
        tmp_path / "settings_schedule.yaml", "kfp"
    )
    beside = tmp_path / "settings_schedule.recurring-run.yaml"
    text = beside.read_text(encoding="utf-8")
    for old, new, setting in [
        ("max_concurrency: 1", "max_concurrency: 1\nenabled: false", "enabled"),
        ("0 30 2 * * 1-5", "*/5 30 2 * * 1-5", "cron_expression"),
        ("max_concurrency: 1", "max_concurrency: many", "max_concurrency"),
        ("max_concurrency: 1", "max_concurrency: true", "max_concurrency"),
        ("job_name: s", "job_name: [", "schedule"),
        ("path: settings_schedule.yaml", "path: other.yaml", "schedule"),
    ]:
        beside.write_text(text.replace(old, new), encoding="utf-8")
        done = migrate(tmp_path / "settings_schedule.yaml", "kfp", (REFERENCE,), tmp_path, api.Workspace())
        (lost,) = (f.finding for f in done.findings if f.finding.code == "PC505")
        assert setting in lost.message and lost.span.file.endswith(beside.name), lost.message


EVERY = """
from pipec import Cron, Every, pipeline, step


@step
def f(n: int) -> int:
    return n


@pipeline(schedule=SCHEDULE)
def p(n: int = 1) -> int:
    return f(n)
"""


@pytest.mark.parametrize(
    ("schedule", "back"),
    [
        ('Every("45m")', 'Every("45m")'),
        ('Cron("@daily", timezone="Europe/Berlin", catchup=True)', 'Cron("0 0 * * *", timezone="Europe/Berlin", catchup=True)'),
        (
            'Cron("5 4 * * *", start="2026-01-01", end="2027-01-01")',
            'Cron("5 4 * * *", start="2026-01-01T00:00:00Z", end="2027-01-01T00:00:00Z")',
        ),
    ],
)  # fmt: skip
def test_schedules_of_kubeflow_come_back(schedule: str, back: str, tmp_path: Path) -> None:
    source = tmp_path / "p.py"
    source.write_text(EVERY.replace("SCHEDULE", schedule), encoding="utf-8")
    (made,) = api.build([str(source)], ["kfp"], api.Workspace())
    for name, text in made.bundle.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert f"@pipeline(schedule={back})" in text_of(tmp_path / "p.yaml", "kfp")
