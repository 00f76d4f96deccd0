"""Score a large table in shards, and report what was found. How many shards there are is known only at run time."""

from html import escape
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from pipec import HTML, Retry, parallel, pipeline, step

LABEL = "benign"


def table() -> pd.DataFrame:
    """Scikit-learn's bundled breast cancer measurements, one row for each patient."""
    frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
    return frame.rename(columns={"target": LABEL})


@step(memory="1Gi", cache="7d")
def fetch_model(trees: int) -> RandomForestClassifier:
    """The current champion, fitted on the first half of the patients."""
    known = table().iloc[::2]
    return RandomForestClassifier(trees, random_state=7).fit(known.drop(columns=LABEL), known[LABEL])


@step
def list_shards(size: int) -> list[tuple[int, int]]:
    """First and last row of each shard of the patients that are to be scored."""
    rows = len(table().iloc[1::2])
    return [(start, min(start + size, rows)) for start in range(0, rows, size)]


@step(cpu=1, memory="1Gi", retries=Retry(2, delay="10s"))
def score(model: RandomForestClassifier, shard: tuple[int, int]) -> pd.DataFrame:
    """Probability and decision for each patient of one shard."""
    start, stop = shard
    rows = table().iloc[1::2].iloc[start:stop]
    probability = model.predict_proba(rows.drop(columns=LABEL))[:, 1]
    return pd.DataFrame({"patient": rows.index, LABEL: rows[LABEL], "probability": probability.round(6)})


@step
def count_doubtful(scores: pd.DataFrame, low: float = 0.3, high: float = 0.7) -> int:
    """How many decisions of a shard a person should look at."""
    return int(scores["probability"].between(low, high).sum())


@step(memory="1Gi")
def aggregate(parts: list[pd.DataFrame]) -> dict[str, float]:
    """Totals over all shards."""
    scores = pd.concat(parts)
    right = (scores["probability"] >= 0.5) == (scores[LABEL] == 1)
    return {"patients": len(scores), "accuracy": round(float(right.mean()), 6)}


@step
def write_report(totals: dict[str, float], doubtful: list[int]) -> HTML:
    """One page for the people who read the results."""
    rows = "".join(f"<tr><td>shard {i}</td><td>{n}</td></tr>" for i, n in enumerate(doubtful))
    facts = ", ".join(f"{escape(name)} {value:g}" for name, value in totals.items())
    page = Path("report.html")
    page.write_text(f"<h1>Batch scores</h1><p>{facts}</p><table>{rows}</table>", encoding="utf-8")
    return page


@step
def publish(report: Path, doubtful: int) -> str:
    """Put the report where people find it; ask for a review where decisions are doubtful."""
    words = len(report.read_text(encoding="utf-8").split())
    return f"{report.name} ({words} words, {doubtful} to review)"


@pipeline(tags=["inference"])
def batch_inference(shard_size: int = 60, trees: int = 20) -> dict[str, object]:
    """Score all shards at once, at most four at a time, then aggregate and report."""
    model = fetch_model(trees)
    parts = []
    doubtful = []
    for shard in parallel(list_shards(shard_size), limit=4):
        scores = score(model, shard)
        parts.append(scores)
        doubtful.append(count_doubtful(scores))
    totals = aggregate(parts)
    page = publish(write_report(totals, doubtful), doubtful=sum(doubtful))
    return {"page": page, "shards": len(parts), **totals}
