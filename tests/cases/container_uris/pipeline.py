"""Steps that are containers, told where artifacts lie: alone, in longer texts, and beside local paths."""

from pathlib import Path

from pipec import Dataset, Model, container, pipeline, step

TOOLS = "registry.example.com/tools:2"

extract = container(
    TOOLS,
    ["extract", "--rows={rows}", "{table.uri}/part-0", "{table.uri}/part-1"],
    inputs={"rows": int},
    outputs={"table": Dataset},
)
train = container(
    "registry.example.com/train:1",
    command=["train", "--from", "{table.uri}", "--words={words}"],
    args=["--to={model.uri}", "--score", "{score}"],
    inputs={"table": Dataset, "words": Path},
    outputs={"model": Model, "score": float},
    memory="4Gi",
)
publish = container(TOOLS, ["publish", "{model.uri}", "--copy={model}"], inputs={"model": Model})


@step
def words(text: str) -> Path:
    path = Path("words.txt")
    path.write_text(text, encoding="utf-8")
    return path


@step
def best(scores: list[float]) -> float:
    return max(scores)


@pipeline
def container_uris(rows: int = 3, text: str = "a b") -> float:
    table = extract(rows)
    known = words(text)
    model, score = train(table, known)
    if score > 0.5:
        publish(model)
    others = [train(extract(n), known)[1] for n in (1, 2)]
    return best([score, *others])
