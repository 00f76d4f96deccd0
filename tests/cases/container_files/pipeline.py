"""Steps that are containers: files and folders go in and out as local paths."""

from pathlib import Path

from pipec import Model, container, pipeline, step

train = container(
    "registry.example.com/train:1",
    command=["train"],
    args=["--rows", "{rows}", "--data", "{data}", "--out={model}", "--score", "{score}"],
    inputs={"data": Path, "rows": int},
    outputs={"model": Model, "score": float},
    memory="4Gi",
    gpu=1,
)
shrink = container(
    "registry.example.com/tools:2",
    ["shrink", "{model}", "{small}"],
    inputs={"model": Path},
    outputs={"small": Model},
)


@step
def write(rows: int) -> Path:
    path = Path("numbers.txt")
    path.write_text("\n".join(map(str, range(rows))), encoding="utf-8")
    return path


@step
def size(model: Path, score: float) -> float:
    return len(model.read_text(encoding="utf-8")) * score


@pipeline
def container_files(rows: int = 3) -> float:
    data = write(rows)
    model, score = train(data, rows=rows)
    kept = model
    if score < 0.5:
        kept = shrink(model)
    models = [train(data, rows=n)[0] for n in (1, 2)]
    sizes = [size(m, 1.0) for m in models]
    return size(kept, score) + sum(sizes)
