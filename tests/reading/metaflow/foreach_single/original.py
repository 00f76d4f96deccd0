from metaflow import FlowSpec, step


class SquareFlow(FlowSpec):
    @step
    def start(self):
        self.items = list(range(4))
        self.next(self.square, foreach="items")

    @step
    def square(self):
        self.squared = self.input**2
        self.next(self.add_up)

    @step
    def add_up(self, inputs):
        self.total = sum(i.squared for i in inputs)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SquareFlow()
