"""Results that say what they are (`Metrics`, `Model`, `HTML`, ...) are stored and shown though no step reads them."""

from pathlib import Path

from pipec import HTML, Metrics, Model, parallel, pipeline, step


@step
def train(rate: float) -> tuple[Model, Metrics]:
    model = Path("model.txt")
    model.write_text(str(rate), encoding="utf-8")
    return model, {"loss": rate}


@step
def evaluate(rate: float) -> Metrics:
    return {"accuracy": 1 - rate}


@step
def page(rate: float) -> HTML:
    file = Path("page.html")
    file.write_text(f"<p>{rate}</p>", encoding="utf-8")
    return file


@step
def log(rate: float) -> Path:
    file = Path("log.txt")
    file.write_text(str(rate), encoding="utf-8")
    return file


@pipeline
def artifact_shown_unread(rates: list[float] = [0.1, 0.2]) -> None:
    evaluate(0.5)
    with parallel():
        model, metrics = train(0.1)
        unseen = log(0.2)
        for rate in rates:
            page(rate)
