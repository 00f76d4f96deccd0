"""Steps that are containers: values go in and out as text on the command line."""

from pipec import container, pipeline, step

REGISTRY = "registry.example.com"

count = container(
    f"{REGISTRY}/count:1",
    command=["count"],
    args=["--rows={rows}", "--name", "{name}", "--options", "{options}", "--limit", "{limit}", "--out", "{total}"],
    inputs={"rows": int, "name": str, "options": dict[str, int], "limit": int | None},
    outputs={"total": int},
    memory="1Gi",
    retries=2,
)
describe = container(
    f"{REGISTRY}/tools:2",
    ["sh", "-c", 'echo "{{$1}}" > "$2"; expr "$1" "*" 2 > "$3"', "describe"],
    ["{total}", "{text}", "{double}"],
    inputs={"total": int},
    outputs={"text": str, "double": int},
)
announce = container(f"{REGISTRY}/tools:2", ["announce", "{text}"], inputs={"text": str})


@step
def options(rows: int) -> dict[str, int]:
    return {"depth": rows + 1}


@step
def shout(text: str, numbers: list[int]) -> str:
    return f"{text.strip()} {sum(numbers)}!"


@pipeline
def container_values(rows: int = 3, name: str = "digits") -> str:
    total = count(rows, name, options=options(rows))
    text, double = describe(total=total + 1)
    if double > 6:
        announce(text)
    others = [count(n, "static", {"depth": n}, limit=5) for n in (1, 2)]
    loud = shout(text, others)
    announce(loud)
    return loud
