"""Any other type, or no annotation at all, is an object artifact: it travels by pickle, and is passed on unseen."""

from fractions import Fraction

from pipec import pipeline, step


class Counter:
    """A class of the user's own: it is shipped with the steps that reach it."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def count(self, text: str) -> "Counter":
        for word in text.split():
            self.seen[word] = self.seen.get(word, 0) + 1
        return self


@step
def count(text: str) -> Counter:
    return Counter().count(text)


@step
def share(counter: Counter, word: str) -> Fraction:
    return Fraction(counter.seen[word], sum(counter.seen.values()))


@step
def anything(counter):
    return {type(counter).__name__, *counter.seen}


@step
def show(share, words) -> str:
    return f"{share} of {sorted(words)}"


@pipeline
def artifact_object(text: str = "to be or not to be") -> str:
    counter = count(text)
    return show(share(counter, "be"), anything(counter))
