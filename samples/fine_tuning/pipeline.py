"""Fine-tune a text classifier that tells which chapter of the Python reference a passage is from.

The corpus is the reference manual that ships with Python itself. The base model knows a little of every chapter; the
fine-tuned one is pushed only if it beats the base by a clear margin on passages that neither has seen.
"""

import json
from pathlib import Path

import numpy as np

from model import CHAPTERS, accuracy, chapter_of, descend, load_weights, save_weights, vector_of
from pipec import GPU, Cache, Dataset, Markdown, Metrics, Model, Retry, pipeline, step
from text import passages, tidy


@step(retries=Retry(3, delay="10s", backoff=2), cache=Cache(ttl="30d"))
def ingest(limit: int) -> Dataset:
    """Cut the manual into passages, and keep those of a known chapter."""
    from pydoc_data.topics import topics

    lines = []
    for topic, text in sorted(topics.items()):
        chapter = chapter_of(topic)
        if chapter is not None:
            lines += [json.dumps({"text": passage, "chapter": chapter}) for passage in passages(text)[:limit]]
    file = Path("raw.jsonl")
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@step
def clean(raw: Path, shortest: int = 8) -> Dataset:
    """Drop markup, short passages, and passages that occur twice."""
    seen: set[str] = set()
    kept = []
    for line in raw.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        words = tidy(row["text"])
        if len(words) >= shortest and (key := " ".join(words)) not in seen:
            seen.add(key)
            kept.append(json.dumps({"words": words, "chapter": row["chapter"]}))
    file = Path("clean.jsonl")
    file.write_text("\n".join(kept), encoding="utf-8")
    return file


@step(memory="1Gi")
def format_examples(data: Path, seed: int) -> tuple[Dataset, Dataset]:
    """Turn passages into vectors and labels, and set every fifth one aside for the evaluation."""
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    order = np.random.default_rng(seed).permutation(len(rows))
    x = np.stack([vector_of(rows[i]["words"]) for i in order])
    y = np.array([CHAPTERS.index(rows[i]["chapter"]) for i in order])
    held_out = np.arange(len(rows)) % 5 == 0
    np.savez_compressed("train.npz", x=x[~held_out], y=y[~held_out])
    np.savez_compressed("test.npz", x=x[held_out], y=y[held_out])
    return Path("train.npz"), Path("test.npz")


@step(memory="1Gi")
def pretrain(data: Path) -> Model:
    """Make the base model: one pass over a small part of the examples."""
    with np.load(data) as arrays:
        x, y = arrays["x"][::10], arrays["y"][::10]
    weights, _ = descend(np.zeros((x.shape[1], len(CHAPTERS))), x, y, epochs=1, rate=0.5)
    return save_weights(weights, Path("base"))


@step(gpu=GPU("a100"), memory="16Gi", timeout="2h", retries=2)
def train(base: Path, data: Path, epochs: int, rate: float) -> tuple[Model, list[float]]:
    """Go on from the base model; also return the loss after each epoch."""
    with np.load(data) as arrays:
        weights, losses = descend(load_weights(base), arrays["x"], arrays["y"], epochs, rate)
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f} in {epochs} epochs")
    return save_weights(weights, Path("tuned")), losses


@step(memory="1Gi")
def evaluate(model: Path, data: Path) -> Metrics:
    """Share of the held-out passages whose chapter the model finds, overall and by chapter."""
    with np.load(data) as arrays:
        x, y = arrays["x"], arrays["y"]
    weights = load_weights(model)
    by_chapter = {name: accuracy(weights, x[y == i], y[y == i]) for i, name in enumerate(CHAPTERS)}
    return {"accuracy": accuracy(weights, x, y), **by_chapter}


@step
def write_card(before: Metrics, after: Metrics, losses: list[float]) -> Markdown:
    """The model card: what changed, chapter by chapter."""
    rows = [f"| {name} | {before[name]:.1%} | {after[name]:.1%} |" for name in after]
    card = Path("card.md")
    card.write_text(
        "\n".join(["| | base | fine-tuned |", "| --- | --- | --- |", *rows, "", f"Final loss: {losses[-1]:.4f}"]),
        encoding="utf-8",
    )
    return card


@step(retries=3)
def push(model: Path, card: Path, name: str) -> str:
    """Publish the model together with its card, and return the reference."""
    size = sum(file.stat().st_size for file in model.iterdir())
    title = card.read_text(encoding="utf-8").splitlines()[0]
    print(f"pushed {name}: {size} bytes, card {title!r}")
    return f"models/{name}"


@pipeline(tags=["training", "gpu"])
def fine_tuning(limit: int = 40, epochs: int = 30, rate: float = 1.0, margin: float = 0.05) -> dict[str, object]:
    """Fine-tune the base model, and push the result if it is better by at least `margin`."""
    data = clean(ingest(limit))
    train_set, test_set = format_examples(data, seed=7)
    base = pretrain(train_set)
    tuned, losses = train(base, train_set, epochs=epochs, rate=rate)
    before = evaluate(base, test_set)
    after = evaluate(tuned, test_set)
    gain = after["accuracy"] - before["accuracy"]
    if gain < margin:
        return {"pushed": None, "gain": round(gain, 4)}
    reference = push(tuned, write_card(before, after, losses), name=f"chapters-{epochs}")
    return {"pushed": reference, "gain": round(gain, 4)}
