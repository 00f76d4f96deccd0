"""Flows become modules that the frontend takes, that build, and that give what the flow gave."""

from __future__ import annotations

import ast
import textwrap
import time
from pathlib import Path

import pytest

from pipec import api
from pipec.backends.metaflow.reading import MetaflowReader, ours
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.finding import Finding
from pipec.compiler.reading import Outcome, Source, render
from tests.reading import corpus_metaflow as corpus

CASES = corpus.cases()
RUN_HERE = (
    "branch_in_foreach",
    "configs",
    "foreach_chain",
    "helpers",
    "include_file",
    "merge_artifacts",
    "mutation",
    "switch_in_foreach",
)
"""Cases that are run on Metaflow too; all are with `python -m tests.reading.corpus_metaflow --run`."""
NESTED = """
    items = outer(n)
    if items:
        cells_by_a = []
        for a in items:
            items_2 = inner(a)
            if items_2:
                cells = [work(a, item) for item in items_2]
            else:
                cells = []
            cells_by_a.append(cells)
    else:
        cells_by_a = []
    return cells_by_a
"""
"""The end of `fanout_nested`, read back from the flow."""
NOT_BUILT = {
    "batch": {"kfp"},
    "settings": {"airflow", "kfp"},
    "two_flows": {"airflow", "kfp"},
}
"""Case -> targets that refuse what it asks for."""


def label(path: Path) -> str:
    return path.parent.name


def read(text: str, path: Path = Path("flow.py")) -> tuple[Outcome, str, list[Finding]]:
    """What becomes of a flow's text."""
    report = Report()
    outcome = MetaflowReader().read(
        Source(path=path, file=path.name, text=textwrap.dedent(text), root=path.parent), report
    )
    return outcome, render(outcome.module) if outcome.module is not None else "", report.sorted()


@pytest.mark.parametrize("path", [*CASES, *corpus.tutorials()], ids=label)
def test_the_frontend_takes_the_module(path: Path) -> None:
    found = corpus.read_flow(path)
    assert found.outcome.pipelines and not found.refused
    assert not [f for f in found.findings if f.severity == "error"]
    names = {node.id for node in ast.walk(ast.parse(found.text)) if isinstance(node, ast.Name)}
    assert "self" not in names or "SimpleNamespace" in names


@pytest.mark.parametrize("path", CASES, ids=label)
@pytest.mark.parametrize("target", ["kfp", "airflow", "metaflow"])
def test_the_module_builds(path: Path, target: str, tmp_path: Path) -> None:
    if target in NOT_BUILT.get(label(path), ()):
        pytest.skip("it asks for what that target does not have")
    module, found = tmp_path / "migrated.py", corpus.read_flow(path)
    module.write_text(found.text, encoding="utf-8")
    corpus.put_beside(found.outcome, tmp_path)
    for other in path.parent.glob("*.py"):
        if other != path:
            (tmp_path / other.name).write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    workspace = api.Workspace()
    built = api.build([str(module)], [target], workspace)
    errors = [s.finding.message for s in workspace.shown() if s.finding.severity == "error"]
    assert built and not errors


@pytest.mark.parametrize("name", RUN_HERE)
def test_it_gives_what_the_flow_gave(name: str) -> None:
    found = corpus.read_flow(corpus.CASES / name / "original.py")
    assert dict(corpus.compare(found)) == {p.name: [] for p in found.outcome.pipelines}


def test_steps_that_pipec_has_written_are_the_functions_that_they_call() -> None:
    (flow,) = (corpus.ROOT / "tests" / "cases" / "fanout_nested" / "built" / "metaflow").glob("*.py")
    found = corpus.read_flow(flow)
    assert found.text.endswith(NESTED)


def test_order_of_effects_in_flows_of_pipec_is_kept() -> None:
    (flow,) = (corpus.ROOT / "tests" / "cases" / "order_after" / "built" / "metaflow").glob("*.py")
    text = corpus.read_flow(flow).text
    assert "with parallel(after=(prepare_done, prepare_2_done)):" in text


def test_what_pipec_gives_to_flows_is_taken_away() -> None:
    for case in ("try_except", "settings_told", "settings_cache"):
        (flow,) = (corpus.ROOT / "tests" / "cases" / case / "built" / "metaflow").glob("*.py")
        found = corpus.read_flow(flow)
        assert "metaflow" not in found.text and "import contextlib" not in found.text
        assert not any(f"def {name}(" in found.text for name in ours.HELPERS)


def test_most_tasks_come_over_as_they_are() -> None:
    for paths in (CASES, corpus.tutorials()):
        tasks = [t for path in paths for p in corpus.read_flow(path).outcome.pipelines for t in p.tasks]
        assert sum(t.status == "exact" for t in tasks) >= 0.9 * len(tasks)


def test_reading_twice_gives_the_same() -> None:
    for path in CASES:
        assert corpus.read_flow(path).text == corpus.read_flow(path).text


HEAD = """
from metaflow import *

class F(FlowSpec):
    @step
    def start(self):
        self.xs = [1]
        self.next({next})

    @step
    def a(self):
        {body}

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.mark.parametrize(
    ("next_", "body", "code", "words"),
    [
        ("self.a, num_parallel=2", "self.next(self.join)", "PC506", "num_parallel"),
        ("self.a", "self.next({1: self.a, 2: self.end}, condition='k')", "PC506", "loop"),
        ("self.missing", "self.next(self.end)", "PC501", "no step"),
        ("self.a, foreach='nothing'", "self.next(self.join)", "PC506", "nothing before it sets"),
        ("self.a, foreach='xs'", "self.next(self.end)", "PC501", "join"),
        ("self.a, foreach='xs'", "print(self.nothing); self.next(self.join)", "PC506", "nothing before it sets"),
        ("self.a", "helper(self); self.next(self.end)", "PC506", "hands the flow itself on"),
        ("self.a", "del self.xs; self.next(self.end)", "PC506", "it deletes an artifact"),
        ("self.a", "pass", "PC501", "which step is next"),
        ("*steps", "self.next(self.end)", "PC501", "not written out"),
    ],
)
def test_refusals_say_where_and_why(next_: str, body: str, code: str, words: str) -> None:
    outcome, _, findings = read(HEAD.replace("{next}", next_).replace("{body}", body))
    assert outcome.module is None and not outcome.pipelines
    assert [f.code for f in findings if f.severity == "error"] == [code]
    assert words in findings[0].message, findings[0].message
    assert findings[0].span.line > 1


def test_a_decorator_that_is_code_is_refused() -> None:
    text = HEAD.replace("{next}", "self.a, foreach='xs'").replace("{body}", "self.next(self.join)")
    _, _, findings = read(text.replace("    @step\n    def a", "    @timed\n    @step\n    def a"))
    assert [f.code for f in findings] == ["PC506"]


def test_order_without_data_is_kept() -> None:
    text = HEAD.replace("{next}", "self.a").replace("{body}", "self.y = 2\n        self.next(self.b)")
    text = text.replace(
        "    def join(self, inputs):\n        self.next(self.end)", "    def b(self):\n        self.next(self.end)"
    )
    _, module, _ = read(text)
    assert "with parallel(after=(xs,)):\n        y = a()" in module


def test_names_of_sibling_branches() -> None:
    module = corpus.read_flow(corpus.CASES / "branch" / "original.py").text
    assert "low_found = low(numbers)" in module and "high_found = high(numbers)" in module


def test_a_file_without_flows() -> None:
    _, _, findings = read("import metaflow\nprint(1)\n")
    assert [f.code for f in findings] == ["PC502"]


def test_one_flow_that_cannot_be_migrated_does_not_keep_the_others() -> None:
    good = HEAD.replace("{next}", "self.a, foreach='xs'").replace("{body}", "self.next(self.join)")
    bad = (
        good.replace("class F", "class G")
        .replace("foreach='xs'", "num_parallel=2")
        .replace("from metaflow import *", "")
    )
    outcome, module, findings = read(good + bad)
    assert [p.name for p in outcome.pipelines] == ["F"] and "def f(" in module
    assert [f.code for f in findings] == ["PC506"]


def test_looks_like() -> None:
    reader = MetaflowReader()
    for path in CASES:
        assert reader.looks_like(Source(path=path, file=path.name, text=path.read_text(encoding="utf-8")))
    assert not reader.looks_like(Source(path=Path("x.py"), file="x.py", text="# from metaflow import FlowSpec\n"))


WIDE = "from metaflow import FlowSpec, step\nclass F(FlowSpec):\n"


def long_flow(n: int) -> str:
    """A chain of `n` steps."""
    steps = ["start", *(f"s{i}" for i in range(n)), "end"]
    lines = [WIDE]
    for step, following in zip(steps, [*steps[1:], ""]):
        lines.append(f"    @step\n    def {step}(self):\n        self.x = '{step}'\n")
        lines.append(f"        self.next(self.{following})\n" if following else "")
    return "".join(lines)


def arms(n: int) -> str:
    """Choices that share their arms: exponentially many ways through them."""
    lines = [WIDE, "    @step\n    def start(self):\n        self.k = 1\n        self.next(self.s0)\n"]
    for i in range(n):
        body = "        self.next({1: self.s%d, 2: self.t%d}, condition='k')\n"
        for kind in "st":
            after = body % (i + 1, i + 1) if i + 1 < n else "        self.next(self.end)\n"
            lines.append(f"    @step\n    def {kind}{i}(self):\n        self.{kind} = {i}\n{after}")
    lines.append("    @step\n    def end(self):\n        pass\n")
    return "".join(lines).replace("self.next(self.s0)", "self.next({1: self.s0, 2: self.t0}, condition='k')")


@pytest.mark.parametrize(
    "text",
    [
        WIDE + "    @step\n    def start(self:\n",
        WIDE + "    @step\n    def start(self):\n        x = " + "(" * 5000 + "1" + ")" * 5000,
        WIDE + "    @step\n    def start(self):\n        x = " + "-" * 20000 + "1\n",
        WIDE + "    @step\n    def start(self):\n        x = " + "+".join(["1"] * 20000) + "\n        self.next(self.end)\n",
        WIDE + "    @step\n    def start(self):\n        x = a" + ".b" * 20000 + "\n        self.next(self.end)\n",
        "".join(f"{' ' * i}if 1:\n" for i in range(200)) + " " * 200 + "pass\n# from metaflow import FlowSpec\n",
        WIDE + "    x = '" + "y" * 3_000_000 + "'\n",
        "\0",
        WIDE + "    \udcff = 1\n",
        "class A(B): pass\nclass B(A): pass\nfrom metaflow import FlowSpec\n",
        WIDE + "    @step\n    def start(self): pass\n    @step\n    def start(self): self.next(self.start)\n",
        WIDE + "    def start(): pass\n",
        WIDE + "    @step\n    def start(): pass\n    @step\n    def end(): pass\n",
        WIDE + "    @step\n    async def start(self): pass\n",
        WIDE + "    @step\n    def start(self, *a): self.next(self.end)\n    @step\n    def end(self): pass\n",
        WIDE + "    @step\n    def start(self): x = lambda self: self.y; self.next(self.end)\n    @step\n    def end(self): pass\n",
        WIDE + "    start = end = step(lambda self: None)\n",
        arms(60),
    ],
    ids=lambda t: t[-40:].strip() or "text",
)  # fmt: skip
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    begun = time.process_time()
    outcome, module, findings = read(text)
    assert time.process_time() - begun < 20
    if outcome.module is None:
        assert [f.code for f in findings if f.code in ("PC501", "PC502", "PC506")]
    else:
        ast.parse(module)


def test_long_flows_take_time_in_proportion() -> None:
    begun = time.process_time()
    outcome, module, _ = read(long_flow(300))
    assert len(outcome.pipelines[0].tasks) == 302 and module.count("\nx = ") == 0
    assert time.process_time() - begun < 30


def test_each_beginning_of_a_file_is_refused_or_read() -> None:
    text = (corpus.CASES / "foreach" / "original.py").read_text(encoding="utf-8")
    for end in range(0, len(text), 37):
        _, _, findings = read(text[:end])
        assert all(f.code.startswith("PC5") for f in findings)


def test_methods_whose_parameters_stand_on_lines_of_their_own() -> None:
    text = (
        HEAD.replace("{next}", "self.a")
        .replace("{body}", "self.next(self.end)")
        .partition("    @step\n    def join")[0]
    )
    text += """
    def add(
        self,
        more=1,
        *,
        times: int = 2,
    ):
        return self.xs[0] + more * times

    @step
    def end(
        self,
    ):
        print(self.add(
            times=3,
        ))
"""
    _, module, findings = read(text)
    assert not [f for f in findings if f.severity == "error"]
    assert "def add(more=1, *, times: int = 2, xs):" in module and "def end(xs: list[int]):" in module


@pytest.mark.parametrize(
    ("version", "kept"), [("3.11", "3.11"), ("3.11.*", "3.11"), ("==3.11.4", "3.11.4"), (">=3.9,<3.12", None)]
)
def test_versions_of_python(version: str, kept: str | None) -> None:
    text = HEAD.replace("{next}", "self.a, foreach='xs'").replace("{body}", "print(self.input); self.next(self.join)")
    text = text.replace("    @step\n    def a", f"    @conda(python='{version}')\n    @step\n    def a")
    _, module, findings = read(text)
    assert (f'python="{kept}"' in module) if kept else ("python=" not in module)
    assert [f.code for f in findings if f.severity == "warning"] == ([] if kept else ["PC505"])


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("is_flag=True", "again: bool = False"),
        ("is_flag=True, default=True", "again: bool = True"),
        ("is_flag=False, default=2", "again: int = 2"),
    ],
)
def test_flags(arguments: str, written: str) -> None:
    text = HEAD.replace("{next}", "self.a, foreach='xs'").replace("{body}", "print(self.again); self.next(self.join)")
    text = text.replace("class F(FlowSpec):", f"class F(FlowSpec):\n    again = Parameter('again', {arguments})")
    _, module, findings = read(text)
    assert written in module and not findings


def test_devices_of_aws_are_named() -> None:
    text = HEAD.replace("{next}", "self.a, foreach='xs'").replace("{body}", "print(1); self.next(self.join)")
    text = text.replace("    @step\n    def a", "    @batch(trainium=2, cpu=4)\n    @step\n    def a", 1)
    _, module, findings = read(text)
    assert '"compute": "batch"' in module and "@step(cpu=4)" in module
    (told,) = (f.message for f in findings if f.code == "PC505")
    assert "`trainium`" in told and 'resource = "aws.amazon.com/neuron"' in told


CONFIGURED = """
from metaflow import *

class F(FlowSpec):
    cfg = Config({arguments})

    @step
    def start(self):
        {body}
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("'cfg', required=True", "given when the flow is deployed"),
        ("'cfg', default='cfg.json'", "there is no file 'cfg.json' where it looks"),
        ("'cfg', default='../cfg.json'", "'cfg.json' lies outside of the project's folder"),
        ("'cfg', default=made()", "its file is computed"),
        ("'cfg', default_value=made()", "its value is computed"),
        ("'cfg', default_value='a: 1', parser=mine", "the parser `mine`"),
        ("'cfg', default_value='{'", "no JSON"),
        ("'cfg', default_value='!!python/name:os.system', parser='yaml.safe_load'", "no YAML"),
        ("'cfg', default_value='2026-01-01', parser='yaml.safe_load'", "more than plain data"),
        ("'cfg', **options", "not known"),
    ],
)
def test_configs_whose_values_are_not_known(arguments: str, words: str) -> None:
    outcome, _, findings = read(CONFIGURED.replace("{arguments}", arguments).replace("{body}", "print(self.cfg)"))
    assert outcome.module is None
    assert [f.code for f in findings] == ["PC506"] and words in findings[0].message


@pytest.mark.parametrize(
    ("body", "written", "warned"),
    [
        ("print(self.cfg.a.b)", 'print(cfg["a"]["b"])', False),
        (
            'print(f"{self.cfg.a.b}", f\'{self.cfg["a"].b}\')',
            "print(f\"{cfg['a']['b']}\", f'{cfg[\"a\"][\"b\"]}')",
            False,
        ),
        ("print(self.cfg[name()].b)", 'print(cfg[name()]["b"])', False),
        ("print(self.cfg.to_dict(), self.cfg.a.get('b'))", "print(dict(cfg), cfg[\"a\"].get('b'))", False),
        ("train(self.cfg.a)", 'train(cfg["a"])', True),
        ("print([v.b for v in self.cfg.values()])", "print([v.b for v in cfg.values()])", True),
        ("print(self.cfg.c[0])", 'print(cfg["c"][0])', False),
    ],
)
def test_parts_of_configs_are_read_by_subscripts(body: str, written: str, warned: bool) -> None:
    text = CONFIGURED.replace("{arguments}", "'cfg', default_value={'a': {'b': 1}, 'c': [2, 3]}")
    _, module, findings = read(text.replace("{body}", body))
    assert written in module
    assert [f.code for f in findings if f.severity != "info"] == (["PC507"] if warned else [])
    assert all(text.split("\n")[f.span.line - 1].strip() for f in findings)


INCLUDING = """
import os
from pathlib import Path
from metaflow import *

HERE = Path(__file__).parent

def at(name):
    import os
    return os.path.join(os.path.dirname(__file__), name)

def computed(context):
    return "data.csv"

class F(FlowSpec):
    data = IncludeFile({arguments})

    @step
    def start(self):
        self.size = len(self.data)
        self.next(self.end)

    @step
    def end(self):
        pass
"""


def including(arguments: str, folder: Path) -> tuple[Outcome, str, list[Finding]]:
    (folder / "project" / "texts").mkdir(parents=True)
    (folder / "outside.csv").write_text("outside")
    project = folder / "project"
    for name in ("data.csv", "texts/data.csv"):
        (project / name).write_bytes(b"a,b\r\n1,\xc3\xa9\r\n")
    (project / "latin.csv").write_bytes(b"caf\xe9")
    file, text, report = project / "flow.py", INCLUDING.replace("{arguments}", arguments), Report()
    outcome = MetaflowReader().read(Source(path=file, file="flow.py", text=text, root=project), report)
    return outcome, render(outcome.module) if outcome.module else "", report.sorted()


@pytest.mark.parametrize(
    ("default", "name", "written"),
    [
        ("'data.csv'", "data.csv", 'Path(__file__).with_name("data.csv")'),
        ("'./data.csv'", "data.csv", 'Path(__file__).with_name("data.csv")'),
        ("Path('texts') / 'data.csv'", "texts/data.csv", 'Path(__file__).parent.joinpath("texts", "data.csv")'),
        ("'texts/../data.csv'", "data.csv", 'Path(__file__).with_name("data.csv")'),
        ("HERE / 'data.csv'", "data.csv", 'Path(HERE / "data.csv")'),
        ("str(HERE / 'texts' / 'data.csv')", "texts/data.csv", 'Path(str(HERE / "texts" / "data.csv"))'),
        ("at('data.csv')", "data.csv", 'Path(at("data.csv"))'),
        ("os.path.join(os.path.dirname(__file__), 'data.csv')", "data.csv", None),
    ],
)
def test_files_that_a_flow_includes(default: str, name: str, written: str | None, tmp_path: Path) -> None:
    """Their texts come over as they are, and the module finds them beside itself."""
    outcome, module, findings = including(f"'data', default={default}", tmp_path)
    assert [f.code for f in findings] == ["PC504"] and outcome.module is not None
    assert outcome.module.files == {name: "a,b\r\n1,é\r\n"}
    assert written is None or f'data: str = {written}.read_text(encoding="utf-8")' in module
    made = tmp_path / "made"
    made.mkdir()
    (made / "migrated.py").write_text(module, encoding="utf-8")
    corpus.put_beside(outcome, made)
    workspace = api.Workspace()
    ((pipeline,),) = [s.pipelines for s in api.read([str(made / "migrated.py")], workspace)]
    assert not [s for s in workspace.shown() if s.severity == "error"]
    default_ = pipeline.parameters[0].default
    assert default_ is not None and ast.literal_eval(default_.source) == "a,b\n1,é\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("'data', default='none.csv'", "there is no file 'none.csv' where it looks"),
        ("'data', default='../outside.csv'", "'outside.csv' lies outside of the project's folder"),
        ("'data', default='/etc/hosts'", "its path is known only where the flow is deployed"),
        ("'data', default=computed", "its path is known only where the flow is deployed"),
        ("'data', default=os.environ['DATA']", "its path is known only where the flow is deployed"),
        ("'data', default='latin.csv'", "'latin.csv' is not utf-8"),
        ("'data', default='latin.csv', encoding='latin-1'", "'latin.csv' is not UTF-8, as what pipec writes is"),
        ("'data', default='data.csv', encoding='ascii'", "'data.csv' is not ascii"),
        ("'data', default='data.csv', encoding=named()", "its encoding is computed"),
        ("'data', default='data.csv', is_text=False", "it is no text"),
    ],
)
def test_files_that_are_not_known(arguments: str, words: str, tmp_path: Path) -> None:
    """They have to be given."""
    outcome, module, findings = including(arguments, tmp_path)
    assert [f.code for f in findings if f.severity == "warning"] == ["PC505"]
    assert any(words in f.message for f in findings), findings
    assert outcome.module is not None and not outcome.module.files and "data: bytes):" in module.replace("str", "bytes")


@pytest.mark.parametrize("taken", [False, True])
def test_files_of_other_folders_of_the_project(taken: bool, tmp_path: Path) -> None:
    """They lie below the folder of the module, where they are in the way of none of its own."""
    flows = tmp_path / "flows"
    for folder in ("flows", "shared"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").write_text(folder)
    if taken:
        (flows / "shared").mkdir()
        (flows / "shared" / "data.csv").write_text("own")
    text, report = INCLUDING.replace("{arguments}", "'data', default='../shared/data.csv'"), Report()
    outcome = MetaflowReader().read(Source(flows / "flow.py", "flows/flow.py", text, tmp_path), report)
    assert outcome.module is not None
    assert outcome.module.files == ({} if taken else {"shared/data.csv": "shared"})
    assert [f.code for f in report.sorted() if f.severity != "info"] == (["PC505"] if taken else [])


def test_a_file_that_must_be_given(tmp_path: Path) -> None:
    outcome, module, findings = including("'data', default='data.csv', required=True", tmp_path)
    assert [f.code for f in findings] == ["PC504"] and "def f(data: str):" in module
    assert outcome.module is not None and not outcome.module.files


CONSTANTS = """
import platform, sys
import os
from metaflow import FlowSpec, resources, step

CPU = 2
PARTS = {"cpu": 3}
LATER = 1
LATER = 2
WIDE = (1, CPU * 2)

def chosen():
    "The number for this version."
    import platform
    numbers = {"2": 5, "3": 6}
    return numbers[platform.python_version_tuple()[0]]

def printed():
    print("chosen")
    return 7

def given(n):
    return n

class F(FlowSpec):
    @resources(cpu={value})
    @step
    def start(self):
        self.a = 1
        self.next(self.end)

    @step
    def end(self):
        pass
"""


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("CPU", 2), ("CPU * 2 + 1", 5), ("WIDE[1]", 4), ('{"a": CPU}["a"]', 2), ("chosen()", 6), ("sys.version_info[0]", 3),
        ("sys.version_info.major", 3), ("LATER", None), ('PARTS["cpu"]', None), ("printed()", None), ("given(3)", None),
        ("sys.version_info[1]", None), ("os.cpu_count()", None), ("2 ** 3", None), ("CPU / 0", None), ("WIDE[7]", None),
        ("NONE", None), ("CPU * 9007199254740993", None),
    ],
)  # fmt: skip
def test_values_of_settings_that_are_known(value: str, known: int | None) -> None:
    """Constants, and functions without parameters that return one; what may change, or is the machine's, is named."""
    _, module, findings = read(CONSTANTS.replace("{value}", value))
    warned = [f.message for f in findings if f.severity == "warning"]
    if known is None:
        assert "cpu=" not in module and len(warned) == 1 and "not written out" in warned[0]
    else:
        assert f"@step(cpu={known})" in module and not warned
