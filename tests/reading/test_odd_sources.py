"""Sources that are accepted by Python, and that nobody meant: they end in a module or in findings."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipec.cli import cli

FLOW = '''"""{doc}"""
from metaflow import FlowSpec, retry, step, timeout


class OddFlow(FlowSpec):
    """{doc}"""

    @{decorator}
    @step
    def start(self):
        self.x = 1
        self.next(self.end)

    @step
    def end(self):
        print(self.x)
'''
KFP = """from kfp import dsl


@dsl.component
def coin() -> str:
    return "heads"


@dsl.pipeline(name="odd")
def odd():
    side = coin()
    with dsl.If(side.output == "heads"):
        pass
    with dsl.Elif(side.output == "tails"):
        coin()
"""
ODD = [
    ("metaflow", FLOW.format(doc="x", decorator='retry(times="many")')),
    ("metaflow", FLOW.format(doc="x", decorator="retry(minutes_between_retries=10**400)")),
    ("metaflow", FLOW.format(doc="x", decorator=f"retry(times=1, minutes_between_retries={10**400})")),
    ("metaflow", FLOW.format(doc="x", decorator='timeout(hours="soon")')),
    ("metaflow", FLOW.format(doc="\\ud800 \\0 \\x85", decorator="retry")),
    ("metaflow", FLOW.format(doc='so \\"\\"\\"', decorator="retry")),
    ("metaflow", FLOW.format(doc="so \\\\", decorator="retry")),
    ("kfp", KFP),
    ("kfp", KFP.replace("        pass\n", "        1\n")),
]


@pytest.mark.parametrize(("origin", "text"), ODD, ids=range(len(ODD)))
def test_ends_in_a_module_or_in_findings(origin: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(cli, ["migrate", str(file), "--from", origin, "--to", f"python,{origin}"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    made = list((tmp_path / "migrated").rglob("*.py"))
    assert made, done.output
    for one in made:
        compile(one.read_text(encoding="utf-8"), one, "exec")
    assert "PC1" not in done.output and "PC2" not in done.output, done.output


JOINED = """from metaflow import FlowSpec, catch, project, step


@project(name="{project}")
class JoinedFlow(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.a, self.b)

    @catch({catch})
    @step
    def a(self):
        self.y = 1
        self.next(self.join)

    @step
    def b(self):
        self.z = 1
        self.next(self.join)

    @step
    def join(self, inputs):
        {merge}
        self.next(self.end)

    @step
    def end(self):
        print(self.x)


if __name__ == "__main__":
    JoinedFlow()
"""
MERGE = "self.merge_artifacts(inputs)"


@pytest.mark.parametrize(
    ("project", "catch", "merge", "named"),
    [
        ("a_b", "", MERGE, []),
        ("a_b", "print_exception=True", MERGE, []),
        ("A b", "", MERGE, ["`@project` of `JoinedFlow` is not kept"]),
        ("a_b", "print_exception=False", MERGE, ["`print_exception` of `a` is not kept"]),
        (
            "a_b",
            "",
            f"try:\n            {MERGE}\n        except Exception:\n            pass",
            ["`merge_artifacts` stands in"],
        ),
        ("a_b", "", f"if inputs:\n            {MERGE}", ["`merge_artifacts` stands in"]),
    ],
)
def test_what_has_no_counterpart_is_named(
    project: str, catch: str, merge: str, named: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "joined.py"
    file.write_text(JOINED.format(project=project, catch=catch, merge=merge), encoding="utf-8")
    done = CliRunner().invoke(cli, ["migrate", str(file), "--from", "metaflow"])
    output = done.output
    found = [line for line in output.split("\n") if line.startswith(("warning[PC505", "error["))]
    assert len(found) == len(named) and all(any(one in line for line in found) for one in named), output
