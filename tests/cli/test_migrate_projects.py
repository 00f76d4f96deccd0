"""`pipec migrate` of files that import their project's modules: they are found, by whole names, or it says where they lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipec.cli import cli
from tests.cli.test_migrate import migrate

PARTS = {
    "flow": """
from metaflow import FlowSpec, Parameter, step

FACTOR = 3


def scaled(n):
    return n * FACTOR


class Base(FlowSpec):
    n = Parameter("n", type=int, default=2)

    @step
    def start(self):
        self.x = scaled(self.n)
        self.next(self.end)
""",
    "kubeflow": """
from kfp import dsl

from .flow import FACTOR


@dsl.component(base_image="python:3.12")
def double(n: int) -> int:
    return n * 2
""",
    "helpers": """
def scaled(n):
    return n * 3
""",
}
FILES = {
    "metaflow": """
from metaflow import step

from shop.parts.flow import Base, scaled
from ..parts import helpers


class TrainFlow(Base):
    @step
    def end(self):
        from . import near

        self.y = scaled(self.x) + helpers.scaled(1) + near.ONE
""",
    "kfp": """
from kfp import dsl

from shop.parts import kubeflow
from ..parts.kubeflow import double


@dsl.pipeline(name="train")
def train(n: int = 2) -> int:
    first = kubeflow.double(n=n)
    return double(n=first.output).output
""",
    "airflow": """
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, task

from shop.parts.helpers import scaled
from .. parts import \\
    helpers
from . import near

with DAG("train", schedule=None) as dag:

    @task
    def first():
        return scaled(2) + near.ONE

    @task
    def second(x):
        from ..parts.helpers import scaled as other

        return other(x) + helpers.scaled(1)

    second(first()) >> PythonOperator(task_id="third", python_callable=scaled, op_args=[3])
""",
}
"""Orchestrator -> `src/shop/flows/train.py`."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a package in `src`."""
    (tmp_path / "pyproject.toml").touch()
    for folder, files in {"": {}, "parts": PARTS, "flows": {"near": "ONE = 1\n"}}.items():
        package = tmp_path / "src" / "shop" / folder
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        for name, text in files.items():
            (package / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def result_of(file: Path) -> object:
    """What the module returns in plain Python."""
    done = CliRunner().invoke(cli, ["run", str(file)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize(("origin", "result"), [("metaflow", {"x": 6, "y": 22}), ("kfp", 8), ("airflow", None)])
def test_modules_of_the_project(project: Path, origin: str, result: object) -> None:
    """The result, which lies elsewhere, imports them by whole names, and runs."""
    (project / "pyproject.toml").write_text('[tool.pipec]\npaths = ["src"]\n', encoding="utf-8")
    file = project / "src" / "shop" / "flows" / "train.py"
    file.write_text(FILES[origin], encoding="utf-8")
    done = migrate(file)
    assert done.exit_code == 0, done.output
    written = file.parent / "migrated" / "train.py"
    assert "from ." not in written.read_text(encoding="utf-8")
    assert result_of(written) == result
    apart = migrate(file, "--out", project / "moved")
    assert apart.exit_code == 0 and result_of(project / "moved" / "train.py") == result


@pytest.mark.parametrize("origin", ["metaflow", "airflow"])
def test_modules_that_the_result_would_not_find(project: Path, origin: str) -> None:
    """They would count as libraries; what `paths` has to say is told, once for each folder."""
    file = project / "src" / "shop" / "flows" / "train.py"
    file.write_text(FILES[origin], encoding="utf-8")
    done = migrate(file)
    assert done.exit_code == 1 and done.output.count("PC508") == 1, done.output
    assert 'paths = ["src"]' in done.output


def test_modules_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "helpers.py").write_text(PARTS["helpers"], encoding="utf-8")
    text = FILES["airflow"].replace("shop.parts.helpers", "helpers").replace("from ..parts.helpers", "from helpers")
    text = text.replace("from .. parts import \\\n    helpers", "import helpers").replace("from . import near\n", "")
    (dags / "train.py").write_text(text.replace(" + near.ONE", ""), encoding="utf-8")
    done = migrate(dags / "train.py")
    assert done.exit_code == 1 and done.output.count("PC508") == 1 and 'paths = ["dags"]' in done.output
    (tmp_path / "pyproject.toml").write_text('[tool.pipec]\npaths = ["dags"]\n', encoding="utf-8")
    done = migrate(dags / "train.py")
    assert done.exit_code == 0, done.output
    assert result_of(dags / "migrated" / "train.py") is None
