"""`pipec migrate`: what is written where, what is told, and what becomes of files that are no pipelines."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipec.cli import cli

DAG = '''"""Load and train."""

from airflow.sdk import dag, task


@task
def load(rows: int) -> list[int]:
    return list(range(rows))


@task
def train(rows: list[int]) -> float:
    return sum(rows) / len(rows)


@dag(schedule="@daily")
def training():
    train(load(5))


training()
'''


def migrate(*arguments: str | Path) -> Result:
    """Run the command."""
    try:
        return CliRunner().invoke(cli, ["migrate", *map(str, arguments)])
    except SystemExit as error:  # pragma: no cover
        raise AssertionError(error) from error


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """A folder with a DAG file, a helper and a text."""
    folder = tmp_path / "dags"
    (folder / "team").mkdir(parents=True)
    (folder / "training.py").write_text(DAG, encoding="utf-8")
    (folder / "team" / "other-name.py").write_text(DAG.replace("training", "other"), encoding="utf-8")
    (folder / "helpers.py").write_text("def help(): ...\n", encoding="utf-8")
    (folder / "README.md").write_text("# DAGs\n", encoding="utf-8")
    return folder


def test_plain_python_beside_the_file(dags: Path) -> None:
    done = migrate(dags / "training.py", "--from", "airflow")
    assert done.exit_code == 0, done.output
    module = (dags / "migrated" / "training.py").read_text(encoding="utf-8")
    assert "@pipeline" in module and "airflow" not in module
    assert "exact" in done.output
    again = migrate(dags / "training.py", "--from", "airflow")
    assert "as before" in again.output


def test_origin_is_found_out(dags: Path) -> None:
    assert migrate(dags / "training.py").exit_code == 0
    refused = migrate(dags / "helpers.py")
    assert refused.exit_code == 2 and "say --from" in refused.output


def test_other_targets(dags: Path, tmp_path: Path) -> None:
    done = migrate(dags / "training.py", "--from", "airflow", "--to", "python,kfp,metaflow", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    written = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert written == {
        "training.py",
        "kfp/training.yaml",
        "kfp/training.recurring-run.yaml",
        "metaflow/training_flow.py",
    }


def test_a_folder_at_a_time(dags: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = migrate(dags, "--from", "airflow", "--out", tmp_path / "out", "--json", report)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "training.py").exists() and (tmp_path / "out" / "team" / "other_name.py").exists()
    found = json.loads(report.read_text(encoding="utf-8"))
    assert [one["status"] for one in found] == ["exact", "exact"]
    assert "2 files: 2 exact" in done.output


@pytest.mark.parametrize("out", [None, "moved"])
def test_what_was_written_is_not_read_again(out: str | None, dags: Path) -> None:
    """Also where it lies below the folder that is read, and is written for the same orchestrator."""
    more = ["--out", dags / out] if out else []
    for _ in range(2):
        done = migrate(dags, "--from", "airflow", "--to", "python,airflow", *more)
        assert "2 files: 2 exact" in done.output, done.output


@pytest.mark.parametrize("origin", [["--from", "airflow"], []])
def test_the_output_may_lie_around_the_source(origin: list[str], dags: Path) -> None:
    for source in (dags / "team" / "other-name.py", dags / "team"):
        done = migrate(source, *origin, "--out", dags)
        assert done.exit_code == 0, done.output
    assert (dags / "other_name.py").exists()


def test_the_original_is_not_overwritten(dags: Path) -> None:
    done = migrate(dags / "training.py", "--from", "airflow", "--out", dags)
    assert done.exit_code == 2 and "would be overwritten" in done.output
    assert (dags / "training.py").read_text(encoding="utf-8") == DAG


def test_report(dags: Path) -> None:
    done = migrate(dags / "training.py", "--from", "airflow", "--json", "-")
    report = json.loads(done.output)
    assert set(report) >= {"source", "from", "status", "pipelines", "findings"}
    assert report["from"] == "airflow" and report["status"] == "exact"
    assert [t["name"] for t in report["pipelines"][0]["tasks"]] == ["load", "train"]


def test_nothing_there(dags: Path) -> None:
    done = migrate(dags / "helpers.py", "--from", "airflow")
    assert done.exit_code == 1 and "PC502" in done.output
    assert migrate(dags / "helpers.py", "--from", "luigi").exit_code == 2


def test_strict_writes_nothing_of_what_is_not_exact(dags: Path) -> None:
    text = DAG.replace("@task\ndef load", "@task(sla=3)\ndef load")
    (dags / "training.py").write_text(text, encoding="utf-8")
    done = migrate(dags / "training.py", "--from", "airflow", "--strict")
    assert done.exit_code == 1 and not (dags / "migrated").exists()
    assert migrate(dags / "training.py", "--from", "airflow").exit_code == 1 and (dags / "migrated").exists()


FLOW = """from metaflow import FlowSpec, IncludeFile, step


class SumFlow(FlowSpec):
    data = IncludeFile("data", default="texts/data.csv")

    @step
    def start(self):
        self.total = sum(map(int, self.data.split()))
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def test_files_that_a_module_reads_are_written_beside_it(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "texts" / "data.csv").write_bytes(b"1\r\n20\r\n")
    done = migrate(tmp_path / "flow.py", "--from", "metaflow", "--to", "python,metaflow,airflow")
    assert done.exit_code == 0, done.output
    out = tmp_path / "migrated"
    assert (out / "texts" / "data.csv").read_bytes() == b"1\r\n20\r\n"
    assert sorted(p.name for p in out.iterdir()) == ["airflow", "flow.py", "metaflow", "texts"]
    assert '"1\\n20\\n"' in "".join(p.read_text() for p in (out / "airflow").iterdir())
    scope: dict[str, object] = {"__file__": str(out / "flow.py")}
    exec(compile((out / "flow.py").read_text(), "flow.py", "exec"), scope)
    assert scope["sum_flow"]() == {"total": 21}  # type: ignore[operator]
    assert "as before" in migrate(tmp_path / "flow.py", "--from", "metaflow").output


HOSTILE = {
    "empty": b"",
    "binary": bytes(range(256)) * 10,
    "latin": "x = 'é'\n".encode("latin-1"),
    "nested": b"x = " + b"(" * 100_000 + b")" * 100_000,
    "unclosed": b"from airflow import DAG\nx = " + b"[" * 100_000,
    "deep": b"a: " + b"[" * 100_000 + b"]" * 100_000,
    "unary": b"x = " + b"-" * 100_000 + b"1\n",
    "attributes": b"import airflow\nx = a" + b".b" * 100_000 + b"\n",
    "truncated": DAG.encode()[:150],
    "bomb": b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c,*%c,*%c]\n" % (c, c, *[c - 1] * 4) for c in range(98, 120)),
    "tag": b"pipelineInfo: !!python/object/apply:os.system ['touch /tmp/pipec-was-here']\n",
    "null": b"pipelineInfo: {name: x}\nroot: null\nschemaVersion: 2.1.0\n",
    "zero": b"x = 1\x00\n",
    "large": b"pipelineInfo: {name: x}\nroot:\n" + b"  - abcdefghijklmnopqrstuvwxyz: 0123456789\n" * 300_000,
}
"""What is no pipeline of any orchestrator, or no longer one."""


@pytest.mark.parametrize("suffix", [".py", ".yaml"])
@pytest.mark.parametrize("origin", ["kfp", "airflow", "metaflow"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_a_finding(name: str, origin: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"hostile{suffix}"
    file.write_bytes(HOSTILE[name])
    start = time.monotonic()
    done = migrate(file, "--from", origin, "--json", tmp_path / "report.json")
    assert done.exit_code == 1, (done.output[-2000:], done.exception)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["status"] == "failed" and {f["code"] for f in report["findings"]} <= {"PC501", "PC502", "PC506"}
    assert time.monotonic() - start < 20
    assert not Path("/tmp/pipec-was-here").exists()


def test_pipelines_of_one_file_that_would_overwrite_each_other(dags: Path) -> None:
    text = (
        DAG.replace("@dag(", '@dag(dag_id="a.b", ') + '\n\n@dag(dag_id="a-b")\ndef other():\n    load(6)\n\n\nother()\n'
    )
    (dags / "training.py").write_text(text, encoding="utf-8")
    done = migrate(dags / "training.py", "--from", "airflow", "--to", "kfp")
    assert done.exit_code == 1 and "the pipelines 'a-b' and 'a.b' would both be kfp/a_b.yaml" in done.output
    assert migrate(dags / "training.py", "--from", "airflow", "--to", "airflow").exit_code == 0


def test_files_that_would_become_one(dags: Path) -> None:
    (dags / "team" / "other_name.py").write_text(DAG, encoding="utf-8")
    done = migrate(dags / "team")
    assert done.exit_code == 2 and "would both become" in done.output
