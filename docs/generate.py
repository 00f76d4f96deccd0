"""Write the generated parts of README.md and docs/: everything there that a program can know better than a person.

`python docs/generate.py` writes, `--check` only compares and exits 1 if a part is out of date.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path
from typing import Any

import yaml

from pipec.backends import names
from pipec.compiler.capabilities import Capabilities, load
from pipec.compiler.diagnostics import (
    FINDINGS,
    Finding,
    catalogue,  # noqa: F401  # fills FINDINGS
)
from pipec.ir.features import FEATURES

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "digits"
LONGEST = 500
"""Lines of an output that the README still shows."""
REFUSED = ROOT / "tests" / "refusals" / "readme"
SUPPORT = {"native": "yes", "emulated": "emulated", "lossy": "in part", "none": "no"}
FAMILIES = {
    "1": "Source that cannot be read",
    "2": "The pipeline is wrong",
    "3": "Risky",
    "4": "A target cannot express it",
    "5": "Reading existing code",
    "9": "A fault of pipec",
}


def orchestrators() -> list[Capabilities]:
    """The tables of the targets that have one, in the order of the registry."""
    return [load(target) for target in names()]


def source() -> str:
    """The sample's module."""
    return fenced("python", (SAMPLE / "pipeline.py").read_text(encoding="utf-8"))


def outputs() -> str:
    """What each target's output is, foldable, as it lies in the sample's folder; what is long is linked to."""
    parts = []
    for table in orchestrators():
        folder = SAMPLE / "built" / table.target
        for file in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".yaml")):
            text = file.read_text(encoding="utf-8")
            name, count = file.relative_to(ROOT).as_posix(), len(text.splitlines())
            link = f'<b>{table.title}</b>: <a href="{name}"><code>{name}</code></a> ({count:,} lines)'
            if count > LONGEST:
                parts.append(link)
                continue
            language = "python" if file.suffix == ".py" else "yaml"
            parts.append(f"<details>\n<summary>{link}</summary>\n\n{fenced(language, text)}\n</details>")
    return "\n\n".join(parts)


def glance() -> str:
    """The heart of each output side by side: what became of `train` and of the graph."""
    tables = orchestrators()
    cells = []
    for table in tables:
        main = next(p for p in sorted((SAMPLE / "built" / table.target).rglob("*")) if p.suffix in (".py", ".yaml"))
        cells.append((table.title, "python" if main.suffix == ".py" else "yaml", excerpt(main)))
    head = "".join(f"<th>{title}</th>" for title, _, _ in cells)
    body = "".join(f'<td valign="top">\n\n{fenced(language, text)}\n</td>' for _, language, text in cells)
    return f"<table>\n<tr>{head}</tr>\n<tr>{body}</tr>\n</table>"


def excerpt(file: Path) -> str:
    """What became of the step `train`, and of the graph around it, in a built file."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".yaml":
        return yaml.safe_dump(pruned(next(yaml.safe_load_all(text))), sort_keys=False, width=200)
    lines = text.splitlines()
    tree = ast.parse(text)
    shown: list[ast.stmt] = []
    for node in tree.body:
        is_task = isinstance(node, ast.FunctionDef) and node.name == "train" and bool(node.decorator_list)
        if is_task or isinstance(node, ast.With):  # a decorated function, and the graph that calls it
            shown.append(node)
        elif isinstance(node, ast.ClassDef):  # steps are methods: the fan-out, and what follows it
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef)]
            start = next((i for i, m in enumerate(methods) if m.name == "train"), len(methods))
            shown += methods[start : start + 3]
    parts = []
    for node in shown:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(d.lineno for d in decorators)]) - 1
        parts.append("\n".join(lines[first : node.end_lineno]))
    return textwrap.dedent("\n\n\n".join(parts))


def pruned(spec: dict[str, Any]) -> dict[str, Any]:
    """Of a PipelineSpec, the task that calls `train`, and its container without the program."""
    every = [spec["root"], *spec["components"].values()]
    tasks = {name: task for part in every for name, task in part.get("dag", {}).get("tasks", {}).items()}
    task = tasks["train"]
    executor = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    container = dict(spec["deploymentSpec"]["executors"][executor]["container"])
    container |= {"command": ["..."], "args": ["..."]}
    return {"tasks": {"train": task}, "executors": {executor: {"container": container}}}


def capability_table() -> str:
    """One row for each feature, one column for each target; the notes stand below in the reference."""
    tables = orchestrators()
    rows = ["| | " + " | ".join(t.title for t in tables) + " |", "| --- |" + " :---: |" * len(tables)]
    for feature, what in FEATURES.items():
        rows.append(f"| {what} | " + " | ".join(SUPPORT[t.features[feature].support] for t in tables) + " |")
    return "\n".join(rows)


def summary_table() -> str:
    """How many features each target has, by kind of support."""
    rows = ["| | native | emulated | in part | refused |", "| --- | ---: | ---: | ---: | ---: |"]
    for table in orchestrators():
        counts = [sum(row.support == kind for row in table.features.values()) for kind in SUPPORT]
        rows.append(f"| {table.title} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(rows)


def capability_reference() -> str:
    """Every row of every table with its idiom, note and proof."""
    parts = [capability_table()]
    for table in orchestrators():
        versions = ", ".join(table.versions)
        parts.append(f"## {table.title}\n\nVersions: {versions}; written for {table.default_version} by default.\n")
        parts[-1] += "\n| feature | support | how | shown by |\n| --- | --- | --- | --- |"
        for feature, where, row in table.rows:
            how = " ".join(part for part in (row.via, row.note) if part)
            how += f" ([documentation]({row.docs}))" if row.docs else ""
            parts[-1] += f"\n| `{feature}`{where} | {SUPPORT[row.support]} | {cell(how)} | {proof_link(row.proof)} |"
    return "\n\n".join(parts)


def proof_link(proof: str) -> str:
    """A link from docs/ to what proves a row."""
    if not proof:
        return ""
    for place in (f"tests/cases/{proof}", f"samples/{proof}", proof, proof.split("::")[0]):
        if (ROOT / place).exists():
            return f"[{proof.split('/')[-1]}](../{place})"
    return f"`{proof}`"


def finding_reference() -> str:
    """The explain page of every finding."""
    parts = []
    family = ""
    for code, finding in sorted(FINDINGS.items()):
        if code[2] != family:
            family = code[2]
            parts.append(f"## {family}xx: {FAMILIES[family]}")
        parts.append(finding_page(code, finding))
    return "\n\n".join(parts)


def finding_page(code: str, finding: type[Finding]) -> str:
    """One finding: its docstring, with the indented examples as fenced code."""
    blocks = re.split(r"\n\n((?:    .*(?:\n|$)|\n)+)", cleandoc(finding.__doc__ or "") + "\n")
    text = "\n\n".join(
        fenced("python", textwrap.dedent(block)) if block.startswith("    ") else block.strip()
        for block in blocks
        if block.strip()
    )
    return f"### {code} {finding.name} ({finding.severity})\n\n{text}"


def refusal() -> str:
    """A pipeline with mistakes, and what `pipec check` prints about it."""
    text = re.sub(r"  # PC\d+.*", "", (REFUSED / "pipeline.py").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "nightly.py").write_text(text, encoding="utf-8")
        shown = run_cli(Path(folder), "check", "nightly.py")
    return fenced("python", text) + "\n\n" + fenced("console", shown)


def run_cli(folder: Path, *arguments: str) -> str:
    """The command with its output, as a terminal of 110 columns without colours shows it."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "110", "TERM": "dumb", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pipec", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    shown = "\n".join(line.rstrip() for line in (done.stdout + done.stderr).strip("\n").splitlines())
    return f"$ pipec {' '.join(arguments)}\n{shown}"


def fenced(language: str, text: str) -> str:
    """`text` as a fenced block that its own backticks cannot end."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{ticks}{language}\n{text.strip()}\n{ticks}"


def cell(text: str) -> str:
    """`text` as one cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {
        "source": source,
        "glance": glance,
        "outputs": outputs,
        "summary": summary_table,
        "capabilities": capability_table,
        "refusal": refusal,
    },
    "docs/capabilities.md": {"capabilities": capability_reference},
    "docs/findings.md": {"findings": finding_reference},
}
"""File -> marker -> what stands between `<!-- begin: marker -->` and `<!-- end: marker -->`."""


def generated(file: str) -> str:
    """The text of `file` with its parts made anew."""
    text = (ROOT / file).read_text(encoding="utf-8")
    for name, make in PARTS[file].items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        if begin not in text:
            continue
        head, rest = text.split(begin, 1)
        text = f"{head}{begin}\n{make()}\n{end}{rest.split(end, 1)[1]}"
    return text


def main(check: bool) -> int:
    """Write the files that changed, or name them."""
    stale = [file for file in PARTS if generated(file) != (ROOT / file).read_text(encoding="utf-8")]
    for file in stale:
        if check:
            print(f"{file} is out of date: run make docs", file=sys.stderr)
        else:
            (ROOT / file).write_text(generated(file), encoding="utf-8")
            print(f"wrote {file}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
