from metaflow import FlowSpec, step


class ChainFlow(FlowSpec):
    """Several steps for each item, with their index."""

    @step
    def start(self):
        self.base = 100
        self.words = ["one", "three", "five"]
        self.next(self.measure, foreach="words")

    @step
    def measure(self):
        self.word = self.input
        self.position = self.index
        self.length = len(self.word)
        self.next(self.shift)

    @step
    def shift(self):
        self.shifted = self.length + self.base
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.table = [(i.word, i.position, i.shifted) for i in inputs]
        self.base = inputs[0].base
        self.first = inputs[0].shifted
        self.count = len(list(inputs))
        self.next(self.end)

    @step
    def end(self):
        for row in self.table:
            print(row)


if __name__ == "__main__":
    ChainFlow()
