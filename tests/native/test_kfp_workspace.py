"""The workspace of a run, and volumes of pods: what a server makes of them, and what it would refuse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipec import api
from tests.support.pipelinespec.server import Run, Server, surroundings

yaml = pytest.importorskip("yaml")
pytest.importorskip("celpy")

HEAD = "from pipec import Argument, native, parallel, pipeline, step\n"
PLACE = """
place = native("kfp", "dsl.WORKSPACE_PATH_PLACEHOLDER", imports=["from kfp import dsl"], outputs={"path": str})


@step
def write(folder: str, name: str) -> str:
    with open(f"{folder}/{name}", "w") as file:
        file.write(name)
    return f"{folder}/{name}"


@step
def read(path: str) -> str:
    return open(path).read()


@step
def read_all(paths: list) -> str:
    return "".join(open(path).read() for path in paths)


@step
def repeat(path: str, times: int) -> list[str]:
    return [path] * times


@step
def lengths(path: str) -> list[float]:
    return [0.5, float(len(path))]
"""
SPACE = '@pipeline(targets={"kfp": {"workspace": {"size": "1Gi"}}})\n'


def built(folder: Path, source: str, version: str = "2.17") -> tuple[str, list[Any]]:
    """The file that a module becomes, and the errors."""
    file = folder / "module.py"
    file.write_text(HEAD + source, encoding="utf-8")
    workspace = api.Workspace(versions={"kfp": version})
    made = api.build([str(file)], ["kfp"], workspace)
    errors = [shown.finding for shown in workspace.shown() if shown.finding.severity == "error"]
    return (made[0].bundle.files[made[0].bundle.main] if made else ""), errors


def run(folder: Path, body: str, parameters: str = "n: int = 2", result: str = "str") -> Run:
    """A run of a pipeline with a workspace, on a server of its own."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text, errors = built(folder, f"{PLACE}\n\n{SPACE}def p({parameters}) -> {result}:\n{lines}")
    assert not errors, errors
    return Server(folder / "server", surroundings()).run(text, {})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('return read(write(place(), "a"))', id="a result"),
        pytest.param(
            'if n > 1:\n    path = write(place(), "a")\nelse:\n    path = place()\nreturn read(path)', id="a choice"
        ),
        pytest.param('return read_all([write(place(), "a")])', id="a list of the pipeline"),
        pytest.param('return read_all([write(place(), name) for name in ["a"]])', id="a list of a loop"),
        pytest.param(
            'names = [write(place(), "a") for i in range(n)]\nreturn read_all([read(p) and p for p in names][1:])',
            id="a list of a loop over what a run gives",
        ),
        pytest.param(
            'some = repeat(write(place(), "a"), n)\nreturn read_all(repeat(some[1], 1))', id="a result that is a list"
        ),
        pytest.param('return read_all(repeat(write(place(), "a"), 400))[:1]', id="a long list"),
    ],
)
def test_steps_find_what_others_have_left_in_the_workspace(tmp_path: Path, body: str) -> None:
    """The server mounts it where it sees its path in a parameter that is a text."""
    done = run(tmp_path, body)
    assert done.status == "succeeded", done.errors
    assert done.outputs == {"Output": '"a"'}


def test_numbers_travel_as_ever(tmp_path: Path) -> None:
    source = f"{PLACE}\n\n@step\ndef most(found: list[float]) -> float:\n    return max(found)\n\n\n"
    text, errors = built(tmp_path, f"{source}{SPACE}def p() -> float:\n    return most(lengths(place()))\n")
    assert not errors
    spec, _ = yaml.safe_load_all(text)
    assert "artifacts" in spec["components"]["comp-lengths"]["outputDefinitions"]


def test_what_is_too_large_fails_its_step(tmp_path: Path) -> None:
    done = run(tmp_path, "return read_all(repeat(place(), 9000))")
    assert done.status == "failed" and "where there is a workspace" in done.errors[0]


SETTING = "@step\ndef work(n: int) -> int:\n    return n\n\n\n@pipeline(targets={{'kfp': {{'workspace': {given}}}}})\ndef p(n: int = 1) -> int:\n    return work(n)\n"


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("{'size': '1Gi'}", {"size": "1Gi", "kubernetes": {"pvcSpecPatch": {}}}),
        ("{'size': '1.5e3', 'kubernetes': {}}", {"size": "1.5e3", "kubernetes": {"pvcSpecPatch": {}}}),
        (
            "{'size': '1G', 'kubernetes': {'pvcSpecPatch': {'accessModes': ['ReadWriteMany'], 'storageClassName': 'nfs'}}}",
            {
                "size": "1G",
                "kubernetes": {"pvcSpecPatch": {"accessModes": ["ReadWriteMany"], "storageClassName": "nfs"}},
            },
        ),
    ],
)  # fmt: skip
def test_a_claim_is_made_for_the_workspace(tmp_path: Path, given: str, made: object) -> None:
    """A server makes none without `kubernetes`, and the pods wait for it all the same."""
    text, errors = built(tmp_path, SETTING.format(given=given))
    assert not errors
    _, platform = yaml.safe_load_all(text)
    assert platform["platforms"]["kubernetes"]["pipelineConfig"] == {"workspace": made}


def patch(given: str) -> str:
    return f"{{'size': '1Gi', 'kubernetes': {{'pvcSpecPatch': {given}}}}}"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("{'size': '1GB'}", "workspace.size: Kubernetes takes no '1GB'; write"),
        ("{'size': '-1Gi'}", "'-1Gi' is no size"),
        ("{'size': '0'}", "'0' is no size"),
        ("{'size': ''}", "Kubernetes takes no ''"),
        (patch("{'volumeMode': 'Block'}"), "and no 'volumeMode'"),
        (patch("{'storageClassName': ''}"), "no storage class can be called ''"),
        (patch("{'storageClassName': 'Fast Disk'}"), "no storage class can be called 'Fast Disk'"),
        (patch("{'accessModes': []}"), "a list of at least one of"),
        (patch("{'accessModes': 'ReadWriteMany'}"), "a list of at least one of"),
        (patch("{'accessModes': ['RWX']}"), "there is no 'RWX'"),
        (patch("{'accessModes': ['ReadWriteOncePod', 'ReadWriteMany']}"), "'ReadWriteOncePod' stands alone"),
    ],
)
def test_a_workspace_that_no_server_makes_is_refused(tmp_path: Path, given: str, reason: str) -> None:
    (error,) = built(tmp_path, SETTING.format(given=given))[1]
    assert error.code == "PC407" and reason in error.message


VOLUMES = """
@step({settings})
def work(n: int) -> int:
    return n


@pipeline
def p(n: int = 1) -> int:
    return work(n)
"""


def volumes(folder: Path, given: str, more: str = "") -> list[Any]:
    """The errors of a step with these native settings, and settings of pipec's own."""
    return built(folder, VOLUMES.format(settings=f"{more}targets={{'kfp': {given}}}"))[1]


def scratch(more: str) -> str:
    return f"{{'genericEphemeralVolume': [{{'volumeName': 'v', 'mountPath': '/v', {more}}}]}}"


def empty(*entries: str) -> str:
    return f"{{'emptyDirMounts': [{', '.join(f'{{{entry}}}' for entry in entries)}]}}"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (empty("'volumeName': 'v', 'mountPath': '/v', 'sizeLimit': '1GB'"), "sizeLimit: Kubernetes takes no '1GB'"),
        (scratch("'size': '1 GB', 'accessModes': ['ReadWriteOnce']"), "size: Kubernetes takes no '1 GB'"),
        (scratch("'size': '0Gi', 'accessModes': ['ReadWriteOnce']"), "'0Gi' is no size"),
        (scratch("'size': '1Gi', 'accessModes': ['RWO']"), "there is no 'RWO'; there are 'ReadWriteOnce'"),
        (scratch("'size': '1Gi', 'accessModes': []"), "a list of at least one of"),
    ],
)
def test_amounts_that_kubernetes_does_not_take_are_refused(tmp_path: Path, given: str, reason: str) -> None:
    (error,) = volumes(tmp_path, given)
    assert error.code == "PC407" and reason in error.message


BOTH = (
    "{'secretAsVolume': [{'secretName': 'creds', 'mountPath': '/s'}], "
    "'configMapAsVolume': [{'configMapName': 'creds', 'mountPath': '/c'}]}"
)


@pytest.mark.parametrize(
    ("given", "more", "reason"),
    [
        (
            empty("'volumeName': 'shm', 'mountPath': '/cache'"),
            "shm='1Gi', ",
            "'shm' and 'emptyDirMounts' make a volume",
        ),
        (empty("'volumeName': 'x', 'mountPath': '/dev/shm/'"), "shm='1Gi', ", "mount something at '/dev/shm/'"),
        (BOTH, "", "'secretAsVolume' and 'configMapAsVolume' make a volume 'creds'"),
        (
            empty("'volumeName': 'a', 'mountPath': '/a'", "'volumeName': 'a', 'mountPath': '/b', 'medium': 'Memory'"),
            "",
            "two entries of 'emptyDirMounts' make a volume 'a'",
        ),
        (empty("'volumeName': 'kfp-launcher', 'mountPath': '/a'"), "", "the server's own"),
    ],
)
def test_two_volumes_of_one_name_are_refused(tmp_path: Path, given: str, more: str, reason: str) -> None:
    (error,) = volumes(tmp_path, given, more)
    assert error.code == "PC407" and reason in error.message


@pytest.mark.parametrize(
    ("given", "more"),
    [
        (
            "{'pvcMount': [{'pvcName': 'd', 'mountPath': '/a', 'subPath': 'a'}, {'pvcName': 'd', 'mountPath': '/b'}]}",
            "",
        ),
        (empty("'volumeName': 'a', 'mountPath': '/a'", "'volumeName': 'a', 'mountPath': '/b'"), ""),
        (empty("'volumeName': 'shm', 'mountPath': '/c', 'medium': 'Memory', 'sizeLimit': '1024Mi'"), "shm='1Gi', "),
        (empty("'volumeName': 'shm', 'mountPath': '/cache', 'sizeLimit': '0'"), ""),
        (BOTH.replace("'configMapName': 'creds'", "'configMapName': Argument('m')"), ""),
    ],
)
def test_one_volume_may_be_mounted_twice(tmp_path: Path, given: str, more: str) -> None:
    source = VOLUMES.format(settings=f"{more}targets={{'kfp': {given}}}")
    source = source.replace("work(n: int)", "work(n: int, m: str = 'b')") if "Argument" in given else source
    assert not built(tmp_path, source)[1]


OF_RUN = """
def tell(message: str) -> None:
    print(message)


@step(targets={{"kfp": {{{setting}}}}})
def work(n: int) -> int:
    return n


@pipeline({hooks})
def p(n: int = 1, {parameter}) -> int:
    return work(n)
"""
CLAIM = '"pvcMount": [{"pvcNameParameter": {"componentInputParameter": "claim"}, "mountPath": "/data"}]'
SELECTOR = '"nodeSelector": {"nodeSelectorJson": {"componentInputParameter": "selector"}}'
SECRET = '"imagePullSecret": [{"secretNameParameter": {"componentInputParameter": "claim"}}]'


@pytest.mark.parametrize(
    ("setting", "hooks", "parameter", "reason"),
    [
        (CLAIM, "", "claim: str | None = None", "mounts no claim without a name; make it `claim: str`"),
        (f"{CLAIM}, {SECRET}", "", "claim: str | None = None", "mounts no claim without a name"),
        (SELECTOR, "on_failure=tell", "selector: dict | None = None", "write `node_selector=Argument(...)`"),
        (SECRET, "on_success=tell", "claim: str | None = None", "hands on; make it `claim: str`"),
    ],
)
def test_what_may_be_missing_is_refused_where_the_server_needs_it(
    tmp_path: Path, setting: str, hooks: str, parameter: str, reason: str
) -> None:
    source = OF_RUN.format(setting=setting, hooks=hooks, parameter=parameter)
    (error,) = built(tmp_path, source)[1]
    assert error.code == "PC407" and reason in error.message
    assert error.span.line == (HEAD + source)[: (HEAD + source).index("@step(")].count("\n") + 1
    given = re.sub(r": str \| None = None", ': str = "data"', parameter)
    if given != parameter:
        assert not built(tmp_path, OF_RUN.format(setting=setting, hooks=hooks, parameter=given))[1]
