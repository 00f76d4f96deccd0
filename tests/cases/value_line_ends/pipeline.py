"""Line ends of constant texts arrive as they are: the last one, several, and those of other systems."""

from pipec import pipeline, step


@step
def echo(text: str, more: dict[str, list[str]]) -> list[object]:
    return [text, more]


@step
def same(text: str) -> str:
    return text


@pipeline
def value_line_ends(text: str = "one\n") -> list[object]:
    twice = [same(t) for t in ("x\n", "y\r", text)]
    return [echo("a\n\n", {"k": ["b\n", "c"]}), echo("d\r\ne", {"k": ["f\rg"]}), echo(text, {"k\n": ["\n"]}), twice]
