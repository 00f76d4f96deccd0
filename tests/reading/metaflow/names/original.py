from metaflow import FlowSpec, step


def load(n):
    return list(range(n))


def total(values):
    return sum(values)


class NamesFlow(FlowSpec):
    """Names that mean something else in plain Python or in the module."""

    @step
    def start(self):
        self.max = max(1, 2)
        self.run = "a run"
        self.load_result = load(3)
        self.df = [1, 2]
        self.list = [4, 5]
        self.next(self.load)

    @step
    def load(self):
        df = self.df
        df = df + [3]
        self.total = total(df)
        self.lists = [list(x) for x in ([1], [2])]
        self.x = [x for x in self.list]
        self.next(self.filter)

    @step
    def filter(self):
        f = lambda x: x + self.x[0]  # noqa: E731
        self.y = f(1)
        self.parallel = [self.max] * 2
        self.next(self.end)

    @step
    def end(self):
        print(self.run, self.y, self.total)


if __name__ == "__main__":
    NamesFlow()
