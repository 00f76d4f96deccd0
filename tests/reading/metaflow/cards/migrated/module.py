"""A report in a card, and a look at an earlier run."""

from metaflow import Flow, current
from metaflow.cards import Markdown
from pipec import parallel, pipeline, step


# PC507: `start` does not do quite the same: `current.card` is known inside of a run of Metaflow only
@step(targets={"metaflow": {"card": {"type": "blank", "id": "report"}}})
def start() -> int:
    rows = 3
    current.card.append(Markdown(f"# {rows} rows"))
    return rows


@step
def end():
    try:
        earlier = Flow("NoSuchFlow").latest_run.id
    except Exception:
        earlier = None
    return earlier


@pipeline
def cards():
    rows = start()
    with parallel(after=(rows,)):
        earlier = end()
    return {"rows": rows, "earlier": earlier}
