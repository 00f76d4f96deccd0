from metaflow import FlowSpec, IncludeFile, step


class IncludeFlow(FlowSpec):
    data = IncludeFile("data", default="data.csv", help="Numbers.")

    @step
    def start(self):
        self.numbers = [int(line) for line in self.data.split()]
        self.next(self.end)

    @step
    def end(self):
        print(sum(self.numbers))


if __name__ == "__main__":
    IncludeFlow()
