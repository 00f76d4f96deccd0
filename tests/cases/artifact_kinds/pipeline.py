"""The annotated paths: `Dataset`, `Model`, `HTML`, `Markdown`, and plain `Path`; and metrics."""

from pathlib import Path

from pipec import HTML, Dataset, Markdown, Metrics, Model, pipeline, step


def saved(name: str, text: str) -> Path:
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


@step
def data() -> Dataset:
    return saved("data.csv", "a,b\n1,2\n")


@step
def fit(data: Path) -> Model:
    return saved("model.txt", data.read_text(encoding="utf-8").upper())


@step
def page(model: Path) -> HTML:
    return saved("page.html", f"<pre>{model.read_text(encoding='utf-8')}</pre>")


@step
def card(model: Path) -> Markdown:
    return saved("card.md", f"# Card\n{model.name}\n")


@step
def raw(card: Path) -> Path:
    return saved("raw.bin", card.read_text(encoding="utf-8") * 2)


@step
def sizes(*files: Path) -> Metrics:
    return {file.name: float(file.stat().st_size) for file in files}


@pipeline
def artifact_kinds() -> dict[str, float]:
    dataset = data()
    model = fit(dataset)
    notes = card(model)
    return sizes(dataset, model, page(model), notes, raw(notes))
