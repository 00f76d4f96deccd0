from metaflow import FlowSpec, Parameter, step


class ConditionalFlow(FlowSpec):
    n = Parameter("n", default=3)

    @step
    def start(self):
        self.best = 0
        for i in range(self.n):
            if i > self.best:
                self.best = i
        if self.n > 100:
            self.warning = "many"
        try:
            self.ratio = 1 / (self.n - 3)
        except ZeroDivisionError:
            self.ratio = None
        self.next(self.update)

    @step
    def update(self):
        if self.n > 2:
            self.best = self.best * 10
        with open("note.txt", "w") as note:
            note.write("x")
            self.written = True
        self.next(self.end)

    @step
    def end(self):
        if self.best > 1000:
            return
        self.final = self.best + 1


if __name__ == "__main__":
    ConditionalFlow()
