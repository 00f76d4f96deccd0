"""Steps that are containers, one JSON result each: in a row, in an arm, in a loop, and for their effect."""

from pipec import container, pipeline, step

TOOLS = "registry.example.com/tools:2"

count = container(
    TOOLS,
    command=["count"],
    args=["--rows={rows}", "--name", "{name}", "--options", "{options}", "--out", "{total}"],
    inputs={"rows": int, "name": str, "options": dict[str, int]},
    outputs={"total": int},
    retries=2,
)
spread = container(
    TOOLS,
    ["sh", "-c", 'printf "[%s, %s]" "$1" "$(expr "$1" + 1)" > "$2"', "spread", "{total}", "{numbers}"],
    inputs={"total": int},
    outputs={"numbers": list[int]},
)
announce = container(TOOLS, ["announce", "{text}"], inputs={"text": str})
tidy = container(TOOLS, ["tidy", "--all"])


@step
def options(rows: int) -> dict[str, int]:
    return {"depth": rows + 1}


@step
def shout(total: int, numbers: list[int]) -> str:
    return f"{total}: {sum(numbers)}!"


@pipeline
def container_json(rows: int = 3, name: str = "it's $(HOME) {{ ds }}") -> str:
    total = count(rows, name, options(rows))
    if total > 6:
        announce("many")
        numbers = spread(total)
    else:
        numbers = [count(n, "static", {"depth": n}) for n in range(total)]
    for n in numbers:
        if n % 2:
            announce(f"odd {n}")
            tidy()
    loud = shout(total, numbers)
    announce(loud)
    return loud
