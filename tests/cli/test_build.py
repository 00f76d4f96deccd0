"""`pipec build`: what it writes, and what it never leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipec import api
from pipec.compiler.backend import Bundle
from tests.cli.conftest import Pipec


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_writes_beside_the_source_unless_told_otherwise(project: Path, pipec: Pipec) -> None:
    (project / "deep").mkdir()
    (project / "small.py").rename(project / "deep" / "small.py")
    assert pipec("build", "deep/small.py", "-t", "kfp").exit_code == 0
    assert files(project / "deep" / "built") == ["kfp/small.yaml"]
    assert pipec("build", "deep/small.py", "-t", "kfp", "--out", "elsewhere").exit_code == 0
    assert files(project / "elsewhere") == ["kfp/small.yaml"]


def test_same_input_same_bytes(project: Path, pipec: Pipec) -> None:
    assert pipec("build", "small.py", "-t", "kfp").stdout == "wrote built/kfp/small.yaml\n"
    assert pipec("build", "small.py", "-t", "kfp").stdout == "as before built/kfp/small.yaml\n"


def test_ir_is_a_source_too(project: Path, pipec: Pipec) -> None:
    pipec("build", "small.py", "-t", "kfp", "--out", "a")
    (project / "small.ir.json").write_text(pipec("ir", "small.py").stdout)
    assert pipec("build", "small.ir.json", "-t", "kfp", "--out", "b").exit_code == 0
    assert (project / "a/kfp/small.yaml").read_bytes() == (project / "b/kfp/small.yaml").read_bytes()


def test_an_error_in_one_pipeline_does_not_stop_the_others(project: Path, pipec: Pipec) -> None:
    (project / "wrong.py").write_text((project / "small.py").read_text().replace("load(rows)", "load(row)"))
    done = pipec("build", ".", "-t", "kfp")
    assert done.exit_code == 1 and "PC201" in done.stderr
    assert files(project / "built") == ["kfp/small.yaml"]


def test_nothing_is_built_with_a_wrong_configuration(project: Path, pipec: Pipec) -> None:
    (project / "pyproject.toml").write_text("[tool.pipec]\nimagine = 'x'\n")
    done = pipec("build", "small.py", "-t", "kfp")
    assert done.exit_code == 1 and "PC152" in done.stderr and "'image'" in done.stderr
    assert not (project / "built").exists()


def test_strict_refuses_losses(project: Path, pipec: Pipec) -> None:
    source = (project / "small.py").read_text().replace("@pipeline", '@pipeline(tags=["a"])')
    (project / "small.py").write_text(source)
    assert pipec("build", "small.py", "-t", "kfp").exit_code == 0
    (project / "built/kfp/small.yaml").unlink()
    done = pipec("build", "small.py", "-t", "kfp", "--strict")
    assert done.exit_code == 1 and "error[PC402 lossy-feature]" in done.stderr
    assert files(project / "built") == []


def test_profiles_overlay_the_site(project: Path, pipec: Pipec) -> None:
    (project / "pyproject.toml").write_text(
        '[tool.pipec]\nimage = "dev:1"\n[tool.pipec.profiles.prod]\nimage = "prod:1"\n'
    )
    pipec("build", "small.py", "-t", "kfp", "--out", "dev")
    pipec("build", "small.py", "-t", "kfp", "--out", "prod", "--profile", "prod")
    assert "dev:1" in (project / "dev/kfp/small.yaml").read_text()
    assert "prod:1" in (project / "prod/kfp/small.yaml").read_text()
    done = pipec("build", "small.py", "--profile", "prd")
    assert done.exit_code == 2 and "known: prod" in done.stderr


class TestCheck:
    """`--check` writes nothing and tells all that differs."""

    @pytest.fixture(autouse=True)
    def built(self, project: Path, pipec: Pipec) -> None:
        assert pipec("build", "small.py", "-t", "kfp").exit_code == 0

    def test_up_to_date(self, pipec: Pipec) -> None:
        done = pipec("build", "small.py", "-t", "kfp", "--check")
        assert (done.exit_code, done.stdout) == (0, "")

    def test_stale(self, project: Path, pipec: Pipec) -> None:
        file = project / "built/kfp/small.yaml"
        file.write_text(file.read_text() + "# by hand\n")
        done = pipec("build", "small.py", "-t", "kfp", "--check")
        assert done.exit_code == 1 and "stale: built/kfp/small.yaml" in done.stdout and "-# by hand" in done.stdout
        assert file.read_text().endswith("# by hand\n"), "it was written"

    def test_missing(self, project: Path, pipec: Pipec) -> None:
        (project / "built/kfp/small.yaml").unlink()
        done = pipec("build", "small.py", "-t", "kfp", "--check")
        assert done.exit_code == 1 and "missing: built/kfp/small.yaml" in done.stdout
        assert files(project / "built") == []

    def test_extra(self, project: Path, pipec: Pipec) -> None:
        (project / "built/kfp/renamed.yaml").touch()
        done = pipec("build", "small.py", "-t", "kfp", "--check")
        assert done.exit_code == 1 and "extra: built/kfp/renamed.yaml" in done.stdout

    def test_output_of_a_neighbour_is_not_extra(self, project: Path, pipec: Pipec) -> None:
        (project / "other.py").write_text((project / "small.py").read_text().replace("def small", "def other"))
        assert pipec("build", "other.py", "-t", "kfp").exit_code == 0
        assert pipec("build", "small.py", "-t", "kfp", "--check").exit_code == 0
        assert pipec("build", ".", "-t", "kfp", "--check").exit_code == 0
        (project / "built/kfp/third.yaml").touch()
        assert pipec("build", ".", "-t", "kfp", "--check").exit_code == 1


def test_writing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b").mkdir()
    old = tmp_path / "a.txt"
    old.write_text("old")
    with pytest.raises(api.UsageError, match="cannot write"):
        api.write({old: "new", tmp_path / "b": "a folder is there"})
    assert files(tmp_path) == ["a.txt"] or old.read_text() == "new"
    assert [p for p in os.listdir(tmp_path) if p.startswith(".")] == [], "temporary files are left"


def test_two_pipelines_of_one_name_are_refused(project: Path, pipec: Pipec) -> None:
    other = (project / "small.py").read_text().replace("total {value}", "sum {value}")
    (project / "other.py").write_text(other)
    done = pipec("build", ".", "-t", "kfp")
    assert done.exit_code == 1 and "PC214" in done.stderr


def test_a_target_may_have_a_version(project: Path, pipec: Pipec) -> None:
    assert pipec("build", "small.py", "-t", "airflow@2.11", "--out", "old").exit_code == 0
    assert pipec("build", "small.py", "-t", "airflow", "--out", "new").exit_code == 0
    assert "from airflow.sdk import" in (project / "new/airflow/small.py").read_text()
    old = (project / "old/airflow/small.py").read_text()
    assert "from airflow.providers.common.compat.sdk import" in old and "airflow.sdk" not in old


def test_a_version_is_a_supported_one(project: Path, pipec: Pipec) -> None:
    done = pipec("build", "small.py", "-t", "airflow@1.10")
    assert done.exit_code == 2
    assert "pipec does not write for airflow 1.10; versions: 2.11, 3.1, 3.2, 3.3" in done.stderr
    done = pipec("build", "small.py", "-t", "airflow@2.11,airflow@3.1")
    assert done.exit_code == 2 and "airflow is asked for in two versions: 2.11 and 3.1" in done.stderr
    assert pipec("build", "small.py", "-t", "airflow@3.1.4").exit_code == 0


def test_the_project_says_for_which_version(project: Path, pipec: Pipec) -> None:
    """And the command line has the last word."""
    (project / "pyproject.toml").write_text('[tool.pipec]\nairflow = "2.11"\n')
    assert pipec("build", "small.py", "-t", "airflow").exit_code == 0
    assert "common.compat.sdk" in (project / "built/airflow/small.py").read_text()
    assert pipec("build", "small.py", "-t", "airflow@3.3").exit_code == 0
    assert "common.compat.sdk" not in (project / "built/airflow/small.py").read_text()
    (project / "pyproject.toml").write_text('[tool.pipec]\nairflow = "1.10"\n')
    done = pipec("build", "small.py", "-t", "airflow")
    assert done.exit_code == 1 and "PC15" in done.stderr and "pyproject.toml:2" in done.stderr


def test_what_came_with_a_later_version_is_refused(project: Path, pipec: Pipec) -> None:
    """The time limit of a run came with Kubeflow Pipelines 2.17."""
    source = (project / "small.py").read_text().replace("@pipeline", '@pipeline(timeout="2h")')
    (project / "small.py").write_text(source)
    assert pipec("build", "small.py", "-t", "kfp").exit_code == 0
    done = pipec("build", "small.py", "-t", "kfp@2.16")
    assert done.exit_code == 1 and "PC401" in done.stderr
    assert "it needs Kubeflow Pipelines 2.17 or later; this is for 2.16" in done.stderr


def test_a_hook_may_stand_in_the_configuration(project: Path, pipec: Pipec) -> None:
    """By its name in the pipeline's module."""
    table = "[tool.pipec.pipelines.small]\non_failure = '{}'\n"
    (project / "pyproject.toml").write_text(table.format("tell"))
    (project / "small.py").write_text((project / "small.py").read_text() + "\n\ndef tell(message):\n    pass\n")
    assert pipec("build", "small.py", "-t", "airflow").exit_code == 0
    assert "on_failure_callback=run_failed" in (project / "built/airflow/small.py").read_text()
    (project / "pyproject.toml").write_text(table.format("nobody"))
    done = pipec("build", "small.py", "-t", "airflow")
    assert done.exit_code == 1 and "PC210" in done.stderr and "it is no function of the project" in done.stderr


NAMES = [
    "a\\",
    '"""',
    "'\"{}",
    "../../x",
    "/etc/x",
    "..",
    ".hidden",
    "a/b",
    "a\\b",
    "c:x",
    "-x",
    "CON:",
    "x" * 300,
    "größe/ü",
    "{{ x }}",
    "'\"#",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", ["", 'targets={"airflow": {"isolation": "virtualenv"}}'])
def test_no_name_leads_out_of_the_folder(name: str, step: str, project: Path, pipec: Pipec) -> None:
    source = (
        (project / "small.py")
        .read_text()
        .replace("@pipeline", f"def tell(m): ...\n@pipeline(on_failure=tell, name={name!r})")
    )
    (project / "small.py").write_text(source.replace("@step(retries=2)", f"@step({step})"))
    before = files(project.parent)
    done = pipec("build", "small.py", "--out", "deep/out")
    assert done.exit_code == 0, done.output
    new = set(files(project.parent)) - set(before)
    assert len(new) == 3 + bool(step) and all(f.startswith(f"{project.name}/deep/out/") for f in new), new
    for file in (project.parent / f for f in new if f.endswith(".py")):
        compile(file.read_text(), file, "exec")
    assert not any(Path(f).name.startswith((".", "-")) or len(Path(f).name) > 220 for f in new), new
    assert pipec("build", "small.py", "--out", "deep/out", "--check").exit_code == 0


def test_no_backend_writes_outside_of_its_folder() -> None:
    for path in ("../x", "/x", "a/../../x", "a//b", "", "c:/x", "..\\x", "a\0b"):
        with pytest.raises(ValueError, match="no path below"):
            Bundle({path: ""}, path)


def test_check_finds_pipelines_that_would_overwrite_each_other(project: Path, pipec: Pipec) -> None:
    (project / "other.py").write_text((project / "small.py").read_text())
    done = pipec("check", ".", "-t", "kfp")
    assert done.exit_code == 1 and "PC214" in done.output
