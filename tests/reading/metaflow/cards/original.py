"""A report in a card, and a look at an earlier run."""

from metaflow import Flow, FlowSpec, card, current, step
from metaflow.cards import Markdown


class CardsFlow(FlowSpec):
    @card(type="blank", id="report")
    @step
    def start(self):
        self.rows = 3
        current.card.append(Markdown(f"# {self.rows} rows"))
        self.next(self.end)

    @step
    def end(self):
        try:
            self.earlier = Flow("NoSuchFlow").latest_run.id
        except Exception:
            self.earlier = None


if __name__ == "__main__":
    CardsFlow()
