"""`fuse="name"`: steps that read one another's results share a task, and see copies of what others read too."""

from dataclasses import dataclass
from pathlib import Path

from pipec import pipeline, step


@dataclass
class Table:
    rows: list[int]


@step(fuse="preparation", memory="1Gi", cpu=2)
def load(n: int) -> Table:
    return Table(list(range(n)))


@step(fuse="preparation", memory="2Gi")
def clean(table: Table, least: int = 1) -> Table:
    table.rows = [row for row in table.rows if row >= least]
    return table


@step(fuse="preparation")
def count(table: Table, cleaned: Table) -> int:
    return len(table.rows) - len(cleaned.rows)


@step(fuse="signing")
def render(rows: list[int]) -> Path:
    path = Path("report.txt")
    path.write_text(f"{rows}\n")
    return path


@step(fuse="signing")
def sign(report: Path, name: str) -> Path:
    signed = Path("signed.txt")
    signed.write_text(report.read_text() + name + "\n")
    return signed


@step(fuse="split")
def halves(table: Table) -> tuple[list[int], list[int]]:
    middle = len(table.rows) // 2
    return table.rows[:middle], table.rows[middle:]


@step(fuse="split")
def longest(left: list[int], right: list[int], other: int) -> int:
    return max(len(left), len(right), other)


@pipeline
def settings_fuse(n: int = 5, name: str = "me") -> list[object]:
    table = load(n)
    cleaned = clean(table, 2)
    dropped = count(table, cleaned)
    left, right = halves(cleaned)
    size = longest(left, right, dropped - 1)
    files = [sign(render(rows), f"{name}-{i}") for i, rows in enumerate([left, right])]
    return [table, cleaned, dropped, size, files]
