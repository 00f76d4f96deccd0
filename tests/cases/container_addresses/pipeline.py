"""Steps that are containers, told where the artifacts of other steps lie: in a row, in an arm, and in a loop."""

from pathlib import Path

from pipec import Model, container, pipeline, step

TOOLS = "registry.example.com/tools:2"

train = container(
    "registry.example.com/train:1",
    command=["fit", "--from", "{data.uri}", "--rows={rows}"],
    args=["--out", "{score}"],
    inputs={"data": Path, "rows": int},
    outputs={"score": float},
)
publish = container(TOOLS, ["publish", "{model.uri}/weights", "$(HOME)"], inputs={"model": Model})


@step
def write(rows: int) -> Path:
    path = Path("numbers.txt")
    path.write_text("\n".join(map(str, range(rows))), encoding="utf-8")
    return path


@step
def weigh(data: Path) -> Model:
    folder = Path("model")
    folder.mkdir()
    (folder / "weights").write_text(data.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@pipeline
def container_addresses(rows: int = 3) -> float:
    data = write(rows)
    score = train(data, rows)
    if score > 2:
        publish(weigh(data))
    parts = [write(n) for n in (1, 2)]
    scores = [train(part, 0) for part in parts]
    return score + sum(scores)
