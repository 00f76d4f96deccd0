from metaflow import FlowSpec, step


class BranchFlow(FlowSpec):
    """Two branches that write artifacts of the same name."""

    @step
    def start(self):
        self.numbers = [3, 1, 2]
        self.next(self.low, self.high)

    @step
    def low(self):
        self.found = min(self.numbers)
        self.next(self.join)

    @step
    def high(self):
        self.found = max(self.numbers)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.span = inputs.high.found - inputs.low.found
        self.all_found = [i.found for i in inputs]
        self.numbers = inputs[0].numbers
        self.next(self.end)

    @step
    def end(self):
        self.all_found = sorted(self.all_found)


if __name__ == "__main__":
    BranchFlow()
