"""Who is told of a failed step, and of the end of a run, on a KFP server: once, and as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.native.test_kfp import _strict, compiled
from tests.support.building import build
from tests.support.discovery import ROOT, Case
from tests.support.pipelinespec.server import Server, surroundings

pytest.importorskip("celpy")

TOLD = Case(ROOT / "tests" / "cases" / "settings_told")


@pytest.mark.parametrize(("by", "messages"), [("2", []), ("0", ["#ml-alerts step divide has failed (run ID)!"])])
def test_a_failed_step_is_told_once(tmp_path: Path, by: str, messages: list[str]) -> None:
    output, heard = build(TOLD, "kfp"), tmp_path / "heard"
    (text,) = (output.files[name] for name in output.main)
    run = Server(tmp_path, surroundings(MESSAGES=str(heard))).run(text, {"by": by})
    assert run.status == ("succeeded" if by == "2" else "failed"), run.errors
    lines = heard.read_text(encoding="utf-8").splitlines() if heard.exists() else []
    assert [re.sub(r"run [^)]+", "run ID", line) for line in lines] == messages


LOOPS = Case(ROOT / "tests" / "cases" / "told_in_loops")


@pytest.mark.parametrize(("minus", "told"), [("0", []), ("1", ["step inverse has failed (run ID)"] * 2)])
def test_failed_steps_in_loops_are_told(tmp_path: Path, minus: str, told: list[str]) -> None:
    """The server finds no task of a DAG that iterates, when it looks for how one has ended."""
    output, heard = build(LOOPS, "kfp"), tmp_path / "heard"
    (text,) = (output.files[name] for name in output.main)
    done = server(tmp_path, heard).run(text, {"minus": minus})
    assert done.status == ("succeeded" if minus == "0" else "failed"), done.errors
    assert not done.faulty
    assert messages(heard) == told


PROGRAM = """
import sys

def rooted(uri):
    return "/" + uri

_, n, number, text, file = sys.argv
open(number, "w").write(str(12 / float(n)))
open(text, "w").write(n[0])
open(rooted(file[1:]), "w").write(n[0] * 3)
"""
SHELLS = '''
import os
from pathlib import Path
from pipec import Model, container, native

def tell(message: str) -> None:
    with open(os.environ["MESSAGES"], "a") as file:
        file.write(f"{message}\\n")

shell = container(
    "registry/tools:1", ["python3", "-c", """PROGRAM"""], ["{n}", "{number}", "{text}", "{file}"],
    inputs={"n": int}, outputs={"number": float, "text": str, "file": Path}, on_failure=tell,
)
sdk = native(
    "kfp",
    """dsl.ContainerSpec(
        image="registry/tools:1",
        command=['python3', '-c', \'\'\'PROGRAM\'\'\'],
        args=[n, number, text, file.path],
    )""",
    imports=["from kfp import dsl"], inputs={"n": int},
    outputs={"number": float, "text": str, "file": Model}, on_failure=tell,
)

@step
def numbers(n: int) -> list[int]:
    return list(range(n, 4))

@step
def shown(number: float, text: str, file: Path) -> str:
    return f"{number} {text} {file.read_text()}"

@pipeline
def p(n: int = 2) -> tuple[list[list[str]], list[str]]:
    found = []
    texts = []
    for i in numbers(n):
        inner = []
        for k in [i, 3]:
            number, text, file = CALL(k)
            inner.append(shown(number, text, file))
        found.append(inner)
        number, text, file = CALL(i)
        texts.append(text)
    return found, texts
'''


@pytest.mark.parametrize("call", ["shell", "sdk"])
@pytest.mark.parametrize("n", ["2", "0"])
def test_containers_in_loops_are_told_of(tmp_path: Path, call: str, n: str) -> None:
    """Of container and native steps, with numbers, texts and files; after a failure a server starts nothing more."""
    _, bundle, _ = compiled(tmp_path, SHELLS.replace("CALL", call).replace("PROGRAM", PROGRAM))
    text, heard = bundle.files[bundle.main], tmp_path / "heard"
    done = server(tmp_path / "server", heard).run(text, {"n": n})
    assert done.status == ("succeeded" if n == "2" else "failed"), done.errors
    assert not done.faulty, done.errors
    assert messages(heard) == ([] if n == "2" else [f"step {call} has failed (run ID)"])
    if n == "2":
        assert "6.0 2 222" in str(done.outputs), done.outputs


RUN_HOOKS = Case(ROOT / "tests" / "cases" / "settings_run_hooks")


def messages(heard: Path) -> list[str]:
    """What somebody was told until now, without the ids of runs; it is forgotten."""
    lines = heard.read_text(encoding="utf-8").splitlines() if heard.exists() else []
    heard.unlink(missing_ok=True)
    return [re.sub(r"run [^)]+", "run ID", line) for line in lines]


def server(folder: Path, heard: Path) -> Server:
    """A server with a cache, whose pods know where messages go."""
    return Server(folder, surroundings(MESSAGES=str(heard)), caching=True)


@pytest.mark.parametrize(
    ("n", "told"),
    [
        ("3", "#ml-alerts settings_run_hooks has succeeded (run ID)"),
        ("0", "#ml-alerts PAGE settings_run_hooks has failed (run ID)"),
    ],
)
def test_somebody_is_told_how_a_run_has_ended(tmp_path: Path, n: str, told: str) -> None:
    output, heard = build(RUN_HOOKS, "kfp"), tmp_path / "heard"
    (text,) = (output.files[name] for name in output.main)
    done = server(tmp_path, heard).run(text, {"n": n})
    assert done.status == ("succeeded" if n == "3" else "failed"), done.errors
    assert messages(heard) == [told]


ENDS = """
import os

def tell(message: str) -> None:
    with open(os.environ["MESSAGES"], "a") as file:
        file.write(f"{message}\\n")

@step
def numbers(n: int) -> list[int]:
    return list(range(n))

@step(retries=1)
def again(n: int) -> int:
    if os.environ["KFP_RETRY_INDEX"] == "0":
        raise RuntimeError("not yet")
    return n

@step
def work(i: int, how: str) -> int:
    if how == "fail":
        raise ValueError(i)
    if how == "kill":
        os.kill(os.getpid(), 9)
    return i

@step(cache=True)
def kept(n: int) -> int:
    return n

@pipeline(on_success=tell, on_failure=tell)
def p(n: int = 0, how: str = "well", last: str = "well") -> int:
    found = [again(work(i, how)) for i in numbers(n)]
    if n > 100:
        work(again(n), how)
    work(n, last)
    return kept(len(found))
"""


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        pytest.param(
            {}, "succeeded", id="an empty loop, a skipped branch with two steps in it, and a cached last step"
        ),
        pytest.param({"n": "2"}, "succeeded", id="steps in a loop fail at first"),
        pytest.param({"n": "1", "how": "fail"}, "failed", id="a step in a loop fails"),
        pytest.param({"n": "1", "how": "kill"}, "failed", id="a step in a loop is killed"),
        pytest.param({"last": "fail"}, "failed", id="a step fails"),
        pytest.param({"last": "kill"}, "failed", id="a step is killed"),
    ],
)
def test_the_end_is_told_as_it_was(tmp_path: Path, arguments: dict[str, str], end: str) -> None:
    """Where the final status that a server gives of the whole is another one."""
    _, bundle, _ = compiled(tmp_path, ENDS)
    text, heard = bundle.files[bundle.main], tmp_path / "heard"
    running = server(tmp_path / "server", heard)
    for _ in range(2):  # the second time `kept` hits
        done = running.run(text, arguments)
        assert done.status == end, done.errors
        assert messages(heard) == [f"p has {end} (run ID)"]


def test_what_is_told_is_strict(tmp_path: Path) -> None:
    """As protobuf has it; a claim that a parameter names is an input of the DAG around the step, too."""
    claim = '{"kfp": {"pvcMount": [{"mountPath": "/data", "pvcNameParameter": {"componentInputParameter": "claim"}}]}}'
    source = f"""
def tell(message: str) -> None:
    print(message)

@step(targets={claim})
def work(n: int) -> int:
    return n

@pipeline(on_failure=tell)
def p(claim: str = "data", n: int = 1) -> int:
    return work(n)
"""
    _, bundle, _ = compiled(tmp_path, source)
    first, *more = yaml.safe_load_all(bundle.files[bundle.main])
    _strict(first, more)
    body = first["root"]["dag"]["tasks"]["exit-handler-1"]
    assert body["inputs"]["parameters"]["claim"] == {"componentInputParameter": "claim"}
