from types import SimpleNamespace

from pipec import pipeline, step


@step
def start() -> tuple[int, object]:
    self = SimpleNamespace()
    self.maybe = 4
    setattr(self, "other", 5)
    return self.maybe, self.other


@step
def ask(maybe: int) -> tuple[object, object, object]:
    self = SimpleNamespace(maybe=maybe)
    if hasattr(self, "maybe"):
        self.seen = self.maybe
    self.missing = getattr(self, "nothing", "none")

    def note(value):
        self.noted = value

    note(3)
    return getattr(self, "seen", None), self.missing, getattr(self, "noted", None)


@step
def end(seen, missing, noted, other):
    print(seen, missing, noted, other)


@pipeline
def asking():
    maybe, other = start()
    seen, missing, noted = ask(maybe)
    end(seen, missing, noted, other)
    return {"maybe": maybe, "other": other, "seen": seen, "missing": missing, "noted": noted}
