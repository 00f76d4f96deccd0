"""Settings of steps come back from the files of an orchestrator as they were written, not as what became of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec import api
from pipec.api.migrating import migrate
from pipec.backends import REFERENCE
from tests.support.discovery import ROOT

BUILT = {"airflow": "airflow/{}.py", "kfp": "kfp/{}.yaml", "metaflow": "metaflow/{}_flow.py"}


def read_back(case: str, target: str, folder: Path) -> str:
    """The module that the committed output of a case comes back as."""
    file = ROOT / "tests" / "cases" / case / "built" / BUILT[target].format(case)
    done = migrate(file, target, (REFERENCE,), folder, api.Workspace())
    (text,) = done.files.values()
    return text


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
def test_come_back(target: str, case: str, settings: list[str], tmp_path: Path) -> None:
    text = read_back(case, target, tmp_path)
    assert not [one for one in settings if one not in text], text
    assert case == "settings_in_project" or "nvidia.com" not in text
    assert "def run_failed" not in text


def test_caches_come_back(tmp_path: Path) -> None:
    """Version, age and ignored arguments; Kubeflow alone has no word for the last."""
    for target in BUILT:
        text = read_back("settings_cache", target, tmp_path)
        ignored = "" if target == "kfp" else ', ignore=("verbose",)'
        assert f'@step(cache=Cache(ttl="1h", version="2"{ignored}))' in text, text
        assert "@step(cache=True)" in text and '@step(cache="7d")' in text


def test_pipec_is_no_module_of_the_project(tmp_path: Path) -> None:
    file = ROOT / "tests" / "cases" / "task_chain" / "built" / "metaflow" / "task_chain_flow.py"
    done = migrate(file, "metaflow", (REFERENCE,), tmp_path, api.Workspace())
    assert done.status == "exact", [f.finding.message for f in done.findings]
