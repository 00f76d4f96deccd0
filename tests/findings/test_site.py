"""`[tool.pipec]` of `pyproject.toml`: what it may say, and what is told about the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipec.compiler import frontend
from pipec.compiler.accelerators import clusters, preset
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site, load, profiles, root_of

TARGETS = ("kfp", "airflow")


def read(folder: Path, text: str, profile: str | None = None) -> tuple[Site, list[tuple[str, int, str]]]:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    report = Report()
    site = load(folder, report, profile, TARGETS)
    return site, [(f.code, f.span.line, f.message) for f in report]


def test_no_file(tmp_path: Path) -> None:
    report = Report()
    assert load(tmp_path, report) == Site() and not report.findings


def test_everything(tmp_path: Path) -> None:
    site, found = read(
        tmp_path,
        """\
[tool.other]
x = 1
[tool.pipec]
image = "ml:1"
artifact_root = "s3://b/a"
namespace = "ml"
paths = ["src"]
airflow = "3.1"
[tool.pipec.versions]
kfp = "2.5"
[tool.pipec.codecs]
"pl.DataFrame" = "codecs:Polars"
[tool.pipec.steps.train]
memory = "2Gi"
[tool.pipec.pipelines.digits]
tags = ["a"]
[tool.pipec.gpu.Big]
resource = "example.com/gpu"
""",
    )
    assert found == []
    assert (site.image, site.artifact_root, site.namespace, site.paths) == ("ml:1", "s3://b/a", "ml", ("src",))
    assert site.versions == {"airflow": "3.1", "kfp": "2.5"}
    assert site.codecs == {"pl.DataFrame": "codecs:Polars"}
    assert site.steps == {"train": {"memory": "2Gi"}} and site.pipelines == {"digits": {"tags": ["a"]}}
    assert site.gpu["big"].resource == "example.com/gpu" and "a100" in site.gpu
    assert site.place("steps.train.memory").line == 14 and site.place("steps.train.cpu").line == 13


def test_profiles_overlay_deeply(tmp_path: Path) -> None:
    text = """\
[tool.pipec]
image = "ml:1"
namespace = "dev"
[tool.pipec.steps.train]
memory = "2Gi"
cpu = 1
[tool.pipec.profiles.prod]
namespace = "prod"
[tool.pipec.profiles.prod.steps.train]
memory = "64Gi"
"""
    site, found = read(tmp_path, text, "prod")
    assert found == [] and profiles(tmp_path) == ("prod",)
    assert (site.image, site.namespace) == ("ml:1", "prod")
    assert site.steps == {"train": {"memory": "64Gi", "cpu": 1}}
    assert site.place("steps.train.memory").line == 10
    assert read(tmp_path, text)[0].namespace == "dev"


@pytest.mark.parametrize(
    ("text", "code", "line", "told"),
    [
        ("[tool.pipec\n", "PC151", 1, "Expected"),
        ("[tool.pipec]\nimage = 'a\n", "PC151", 2, ""),
        ("[tool]\npipec = 3\n", "PC153", 1, "no table"),
        ("[tool.pipec]\nimge = 'x'\n", "PC152", 2, "no key 'imge'"),
        ("[tool.pipec]\npaths = 'src'\n", "PC153", 2, "paths"),
        ("[tool.pipec]\nairflow = 3\n", "PC153", 2, "in quotes"),
        ("[tool.pipec.versions]\nprefect = '3'\n", "PC152", 2, "no key 'prefect'"),
        ("[tool.pipec]\ncluster = 'gek'\n", "PC153", 2, "none of gfd, gke, eks, aks"),
        ("[tool.pipec.gpu.x]\nresource = 'a'\nselector = {}\n", "PC152", 3, "no key 'selector'"),
        ("[tool.pipec.gpu.x]\nnode_selector = 'a'\n", "PC153", 2, "gpu.x.node_selector"),
        ("[tool.pipec]\nsteps = 3\n", "PC153", 2, "steps"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, code: str, line: int, told: str) -> None:
    site, found = read(tmp_path, text)
    assert [(c, n) for c, n, _ in found] == [(code, line)], found
    assert told in found[0][2]
    assert site.image == Site().image, "the rest keeps its default"


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.pipec]\nimage = '\xe9'\n")
    report = Report()
    load(tmp_path, report)
    assert [f.code for f in report] == ["PC151"]


def test_root(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").touch()
    (tmp_path / ".git").mkdir()
    assert root_of(deep / "x.py") == (tmp_path / "a").resolve()
    assert root_of(tmp_path / "x.py") == tmp_path.resolve()


@pytest.mark.parametrize("cluster", clusters())
def test_presets_know_the_usual_accelerators(cluster: str) -> None:
    catalogue = preset(cluster)
    for name in ("t4", "nvidia-t4", "a100", "nvidia-a100", "a100-80gb", "h100", "nvidia-h100-80gb"):
        assert catalogue[name].resource == "nvidia.com/gpu" and catalogue[name].node_selector, name
    assert catalogue["a100"] == catalogue["nvidia-tesla-a100"] == catalogue["nvidia-a100"]
    assert catalogue["amd-mi300x"].resource == "amd.com/gpu" and catalogue["tpu-v5e"].resource == "google.com/tpu"
    assert "nvidia-mig-1g.10gb" in catalogue
    assert all(name == name.lower() for name in catalogue)


def test_presets_select_by_the_clusters_own_labels() -> None:
    assert preset("gfd")["a100"].node_selector == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB"}
    assert preset("gke")["t4"].node_selector == {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}
    assert preset("eks")["a100-80gb"].node_selector == {
        "karpenter.k8s.aws/instance-gpu-name": "a100", "karpenter.k8s.aws/instance-gpu-memory": "81920",
    }  # fmt: skip
    assert preset("gke")["mig-1g.10gb"].resource == "nvidia.com/gpu"
    assert preset("gfd")["mig-1g.10gb"].resource == "nvidia.com/mig-1g.10gb"


@pytest.mark.parametrize(("targets", "codes"), [(("kfp", "argo"), []), (("kfp", "airflow"), ["PC210"]), ((), [])])
def test_native_settings_are_of_the_targets_that_there_are(
    tmp_path: Path, targets: tuple[str, ...], codes: list[str]
) -> None:
    """Also those of plug-ins; and of any, where nobody knows which there are."""
    file = tmp_path / "module.py"
    file.write_text(
        'from pipec import pipeline, step\n\n@step(targets={"argo": {"x": 1}})\ndef work() -> int:\n    return 1\n\n'
        "@pipeline\ndef p():\n    return work()\n"
    )
    report = Report()
    frontend.read(file, root=tmp_path, site=load(tmp_path, report, None, targets), report=report)
    assert [f.code for f in report] == codes


def test_native_settings_of_a_target(tmp_path: Path) -> None:
    """A table instead of a version; profiles overlay it, whichever form it has."""
    text = """\
[tool.pipec]
kfp = "2.5"
[tool.pipec.airflow]
version = "3.1"
isolation = "pod"
[tool.pipec.profiles.small]
airflow = "3.2"
[tool.pipec.profiles.small.kfp]
defaultPipelineRoot = "s3://x"
"""
    site, found = read(tmp_path, text)
    assert (found, site.versions, site.native) == (
        [],
        {"kfp": "2.5", "airflow": "3.1"},
        {"airflow": {"isolation": "pod"}},
    )
    site, _ = read(tmp_path, text, "small")
    assert site.versions == {"kfp": "2.5", "airflow": "3.2"}
    assert site.native == {"airflow": {"isolation": "pod"}, "kfp": {"defaultPipelineRoot": "s3://x"}}
    assert site.with_native({"airflow": {"isolation": "worker", "fail_fast": True}})["airflow"] == {
        "isolation": "worker", "fail_fast": True,
    }  # fmt: skip
