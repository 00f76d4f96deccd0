from metaflow import FlowSpec, step


class EffectsFlow(FlowSpec):
    """Steps that only print keep their place."""

    @step
    def start(self):
        self.value = 5
        self.next(self.announce)

    @step
    def announce(self):
        print("about to start")
        self.next(self.left, self.right)

    @step
    def left(self):
        print("left", self.value)
        self.next(self.left_again)

    @step
    def left_again(self):
        print("left again")
        self.next(self.join)

    @step
    def right(self):
        self.out = self.value + 1
        self.next(self.join)

    @step
    def join(self, inputs):
        self.out = inputs.right.out
        self.next(self.other)

    @step
    def other(self):
        self.unrelated = 7
        self.next(self.end)

    @step
    def end(self):
        print("bye")


if __name__ == "__main__":
    EffectsFlow()
