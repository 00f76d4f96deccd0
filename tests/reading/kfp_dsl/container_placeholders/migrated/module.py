"""Migrated from the compiled pipeline "placeholders"."""

from pipec import container, pipeline

concat = container(
    "alpine",
    ["sh", "-c", 'echo "$0" > "$1"', "{first}-{second}", "{out}"],
    inputs={"first": str, "second": str},
    outputs={"out": str},
    cache=True,
)

optional = container("alpine", ["echo"], ["--plain", "{name}", "--both=none"], inputs={"name": str}, cache=True)

optional_2 = container(
    "alpine",
    ["echo"],
    ["--greeting", "{greeting}", "<{greeting}>", "--both={greeting}"],
    inputs={"greeting": str | None},
    cache=True,
)


@pipeline
def placeholders(name: str = "you"):
    out = concat(first="a", second=name)
    optional_done = optional(name)
    optional_2_done = optional_2("hello")
