from metaflow import FlowSpec, step


class BranchInForeachFlow(FlowSpec):
    @step
    def start(self):
        self.items = [1, 2, 3]
        self.next(self.each, foreach="items")

    @step
    def each(self):
        self.item = self.input
        self.next(self.double, self.triple)

    @step
    def double(self):
        self.result = self.item * 2
        self.next(self.both)

    @step
    def triple(self):
        self.result = self.item * 3
        self.next(self.both)

    @step
    def both(self, inputs):
        self.pair = (inputs.double.result, inputs.triple.result)
        self.next(self.collect)

    @step
    def collect(self, inputs):
        self.pairs = [i.pair for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    BranchInForeachFlow()
