"""Whatever stands in a module, a build ends in files that can be read or in findings: never in an error of pipec's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipec import api
from pipec.backends import names

HEAD = """from pipec import *
from pipec import Argument, Cache, Cron, Every, GPU, Retry, Secret, parallel, pipeline, step, wait_for


@step
def f(n: int) -> int:
    return n


"""
STEP = "@step({})\ndef h(n: int) -> int:\n    return n\n\n\n@pipeline\ndef p(n: int = 1):\n    return h(n)\n"
PIPELINE = "@pipeline({})\ndef p(n: int = 1):\n    return f(n)\n"
BODY = "@pipeline\ndef p(n: int = 1):\n    {}\n    return f(n)\n"
RETURN = "@pipeline\ndef p(n: int = 1):\n    return f({})\n"
SIGNATURE = "@pipeline\ndef p({}):\n    return f(1)\n"

REFUSED = [
    *(STEP.format(s) for s in (
        "timeout=1e400", "timeout=10**400", "timeout=float('nan')", "memory=10**400", "cpu=1e400", "retries=10**400",
        "retries=Retry(1, delay=1e400)", "retries=Retry(1, backoff=float('nan'))", "gpu='a100:' + '9' * 99",
        "gpu='a100:two'", "priority=10**400", "env={'A': 10**5000}", "env={'A': '\\ud800'}", "env={'A': '\\0'}",
        "image='\\ud800'", "packages=['\\ud800']", "labels={'a': '\\ud800'}", "labels={1: 'a'}", "tolerations=[{1: 2}]",
        "targets={'kfp': {1: 2}}", "targets={1: {}}", "python='3.12.x'", "python='³'", "secrets={1: Secret('a', key='b')}",
    )),
    *(PIPELINE.format(s) for s in (
        "description='\\0'", "description='\\ud800'", "max_parallel=10**400", "defaults={'retries': 'x'}",
        "defaults={'retries': Retry('x')}", "defaults={1: 2}", "schedule=Every(10**400)", "owner='\\ud800'",
        "schedule=Cron('* * * * *', start='0001-01-01', timezone='Europe/Berlin')", "tags=['\\ud800']",
    )),
    BODY.format("out = []\n    for x in [1]:\n        out.append(*[f(x)])"),
    BODY.format("for x in 10**5000: f(x)"),
    BODY.format(f"y = {' and '.join(['n'] * 2000)}"),
    BODY.format(f"y = {'[' * 150}n{']' * 150}"),
]  # fmt: skip
"""Modules with one fault each."""
BUILT = [
    BODY.format("'\\0 \\ud800 \\x85 \\u2028'"),
    BODY.format(f"y = {' + '.join(['n'] * 90)}"),
    SIGNATURE.format("_"),
    SIGNATURE.format("__n, _m=2"),
    "@step\ndef h(n):\n    # \x85\n    return '\u2028\x85\x0b'\n\n\n@pipeline\ndef p(n: int = 1):\n    return h(f(n))\n",
]
"""What only looks wrong."""


def build(text: str, folder: Path) -> tuple[api.Workspace, dict[str, int]]:
    """The workspace, and how many files of each target there are; all of them can be read."""
    (folder / "p.py").write_text(text, encoding="utf-8")
    workspace = api.Workspace()
    built = api.build([str(folder / "p.py")], names(), workspace)
    for path, content in api.outputs(built, folder, workspace).items():
        content.encode()
        if path.suffix == ".py":
            compile(content, path, "exec")
        else:
            assert list(yaml.safe_load_all(content))
    return workspace, {one.target: len(one.bundle.files) for one in built}


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_is_refused(text: str, tmp_path: Path) -> None:
    workspace, files = build(HEAD + text, tmp_path)
    errors = [one.finding for one in workspace.shown() if one.severity == "error"]
    assert not files and errors and all(one.span.line >= 10 for one in errors), errors


@pytest.mark.parametrize("text", BUILT, ids=range(len(BUILT)))
def test_is_built(text: str, tmp_path: Path) -> None:
    workspace, files = build(HEAD + text, tmp_path)
    assert set(files) == set(names()), [one.finding.message for one in workspace.shown()]


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        (RETURN.format("10**5000"), {"airflow", "metaflow"}),
        (SIGNATURE.format("n=10**5000"), {"airflow"}),
        (SIGNATURE.format("n=1, _n=2"), {"airflow", "kfp"}),
    ],
)
def test_is_refused_where_it_cannot_be(text: str, targets: set[str], tmp_path: Path) -> None:
    workspace, files = build(HEAD + text, tmp_path)
    assert set(files) == targets, [one.finding.message for one in workspace.shown()]


@pytest.mark.parametrize(("name", "fine"), [("a_b1", True), ("A b", False), ("a-b", False), ("x" * 129, False)])
def test_names_of_projects_are_those_of_metaflow(name: str, fine: bool, tmp_path: Path) -> None:
    workspace, files = build(
        HEAD + PIPELINE.format(f"targets={{'metaflow': {{'project': {{'name': {name!r}}}}}}}"), tmp_path
    )
    assert ("metaflow" in files) is fine, [one.finding.message for one in workspace.shown()]
