from metaflow import FlowSpec, step


class ForeachInBranchFlow(FlowSpec):
    @step
    def start(self):
        self.size = 3
        self.next(self.fan, self.alone)

    @step
    def fan(self):
        self.parts = list(range(self.size))
        self.next(self.part, foreach="parts")

    @step
    def part(self):
        self.piece = "p" + str(self.input)
        self.next(self.pieces)

    @step
    def pieces(self, inputs):
        self.text = "-".join(i.piece for i in inputs)
        self.next(self.join)

    @step
    def alone(self):
        self.text = "alone"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.texts = [inputs.pieces.text, inputs.alone.text]
        self.next(self.end)

    @step
    def end(self):
        print(self.texts)


if __name__ == "__main__":
    ForeachInBranchFlow()
