"""Migrated from the compiled pipeline "containers"."""

from pipec import Dataset, container, pipeline, step

count = container(
    "registry.example.com/count:1",
    ["sh", "-c", 'echo "${{0}}" > "$1"; cp "$0" "$2"'],
    ["--rows={rows}", "--names", "{names}", "{out}", "{table}", "--extra", "{extra}"],
    inputs={"extra": str | None, "names": list, "rows": int},
    outputs={"out": str, "table": Dataset},
    cache=True,
)

lines = container(
    "alpine",
    ["sh", "-c", 'wc -l < "$0" > "$1"'],
    ["{table}", "{n}"],
    inputs={"table": Dataset},
    outputs={"n": int},
    cache=True,
)


@step(image="python:3.11", cache=True)
def double(n: int) -> int:
    return 2 * n


count_2 = container(
    "registry.example.com/count:1",
    ["sh", "-c", 'echo "${{0}}" > "$1"; cp "$0" "$2"'],
    ["--rows={rows}", "--names", "{names}", "{out}", "{table}", "--plain"],
    inputs={"names": list, "rows": int},
    outputs={"out": str, "table": Dataset},
    cache=True,
)


@step(image="python:3.11", cache=True)
def show(text: str):
    print(text)


@pipeline
def containers(extra: str = "more", rows: int = 3):
    out, table = count(extra=extra, names=["a", "b"], rows=rows)
    n = lines(table)
    double_result = double(n)
    out_2, table_2 = count_2(names=["c"], rows=2)
    show_done = show(out)
