from metaflow import FlowSpec, step


class NestedFlow(FlowSpec):
    @step
    def start(self):
        self.trail = "s"
        self.next(self.a, self.b)

    @step
    def a(self):
        self.trail += "a"
        self.next(self.c, self.d)

    @step
    def c(self):
        self.trail += "c"
        self.next(self.inner)

    @step
    def d(self):
        self.trail += "d"
        self.next(self.inner)

    @step
    def inner(self, inputs):
        self.trail = inputs.c.trail + "|" + inputs.d.trail
        self.next(self.outer)

    @step
    def b(self):
        self.trail += "b"
        self.next(self.outer)

    @step
    def outer(self, inputs):
        self.trail = inputs.inner.trail + "+" + inputs.b.trail
        self.next(self.end)

    @step
    def end(self):
        print(self.trail)


if __name__ == "__main__":
    NestedFlow()
