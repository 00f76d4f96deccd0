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
