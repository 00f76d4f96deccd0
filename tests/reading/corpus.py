"""`make corpus`: how much of existing pipelines is read, as the table of `docs/migration.md`.

python -m tests.reading.corpus [--write docs/migration.md]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.reading import corpus_airflow, corpus_kfp, corpus_metaflow


@dataclass(frozen=True)
class Figures:
    """One row of the table."""

    title: str
    files: int
    read: int
    """Without a crash, or a module that the frontend or the backend does not take."""
    exact: int
    native: int
    """Exact but for tasks in the orchestrator's own words."""
    with_findings: int
    refused: int
    back: str
    """What was compared after writing them back, or running them, in words."""

    @property
    def cells(self) -> list[str]:
        """As the table has them."""

        def share(n: int) -> str:
            return f"{n} ({n / self.files:.0%})"

        counts = [share(n) for n in (self.read, self.exact, self.native, self.with_findings, self.refused)]
        return [self.title, str(self.files), *counts, self.back]


HEADER = ["pipelines", "files", "read", "exact", "native", "with findings", "refused", "held against the original"]


def kubeflow() -> Iterator[Figures]:
    """The corpus of compiled pipelines, where it lies beside the project."""
    files = [file for file in corpus_kfp.corpus() if file.name not in corpus_kfp.INVALID]
    if not files:
        print("the corpus of compiled pipelines is not here", file=sys.stderr)
        return
    status: Counter[str] = Counter()
    for file in files:
        try:
            status[corpus_kfp.read(file).status] += 1
        except Exception as error:  # a crash is what is counted
            print(f"{file.name}: {type(error).__name__}: {error}", file=sys.stderr)
            status["DEFECT"] += 1
    wrong, same = status["DEFECT"] + status["DIFFERS"], status["exact"] + status["opaque"]
    yield Figures(
        "Kubeflow: valid compiled pipelines of its own test suite", len(files), len(files) - status["DEFECT"],
        status["exact"], status["opaque"], status["inexact"], status["refused"],
        f"{same} of {same + wrong} equivalent when written back",
    )  # fmt: skip


def airflow() -> Iterator[Figures]:
    """The example DAGs of the installed packages."""
    home = corpus_airflow.quiet()
    found = [corpus_airflow.measure(f, home / "dags" / str(i)) for i, f in enumerate(corpus_airflow.examples())]
    real = [r for r in found if r.status != "no DAG"]
    status = Counter(r.status for r in real)
    dags, same, redundant = (sum(getattr(r, name) for r in real) for name in ("dags", "same", "redundant"))
    exact = status["exact"] + status["adapted"]
    rest = len(real) - exact - status["opaque"] - status["refused"] - status["crash"]
    yield Figures(
        "Airflow: example DAGs of the installed packages", len(real), len(real) - status["crash"], exact,
        status["opaque"], rest, status["refused"],
        f"{same} of {dags} DAGs with the same tasks and edges when written back, {redundant} more but for implied edges",
    )  # fmt: skip


def metaflow() -> Iterator[Figures]:
    """Metaflow's tutorials, and flows over its graph shapes; each is run beside what has become of it."""
    sets = (
        ("tutorials of the package", corpus_metaflow.tutorials()),
        ("flows over its graph shapes", corpus_metaflow.cases()),
    )
    for title, paths in sets:
        status: Counter[str] = Counter()
        runs: Counter[bool] = Counter()
        for path in paths:
            found = corpus_metaflow.read_flow(path)
            codes = {f.code for f in found.findings}
            if not found.outcome.pipelines:
                status["refused"] += 1
                continue
            status["bad" if found.refused else "findings" if codes & {"PC505", "PC507"} else "exact"] += 1
            for _, different in corpus_metaflow.compare(found):
                runs[not different] += 1
        yield Figures(
            f"Metaflow: {title}", len(paths), len(paths) - status["bad"], status["exact"], 0, status["findings"],
            status["refused"], f"{runs[True]} of {runs.total()} runs with the same results",
        )  # fmt: skip


def table(rows: list[Figures]) -> str:
    """The rows in Markdown."""
    lines = [HEADER, ["---", *["---:"] * (len(HEADER) - 2), "---"], *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> int:
    """Measure, print the table, and write it where the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.reading.corpus", description=__doc__)
    parser.add_argument("--write", type=Path, help="file with the marks of the table")
    parser.add_argument("--only", choices=["kfp", "airflow", "metaflow"], help="one orchestrator alone")
    args = parser.parse_args()
    makers = {"kfp": kubeflow, "metaflow": metaflow, "airflow": airflow}
    rows: list[Figures] = []
    for name, measure in makers.items():
        if args.only in (None, name):
            with contextlib.redirect_stdout(io.StringIO()):
                rows += measure()
    print(table(rows))
    if args.write and args.only is None:
        begin, end = "<!-- begin: measured -->", "<!-- end: measured -->"
        text = args.write.read_text(encoding="utf-8")
        head, rest = text.split(begin, 1)
        args.write.write_text(f"{head}{begin}\n{table(rows)}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")
    return 1 if any(row.read < row.files for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
