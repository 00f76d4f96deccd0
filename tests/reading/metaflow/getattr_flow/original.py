from metaflow import FlowSpec, step


class AskingFlow(FlowSpec):
    @step
    def start(self):
        self.maybe = 4
        setattr(self, "other", 5)
        self.next(self.ask)

    @step
    def ask(self):
        if hasattr(self, "maybe"):
            self.seen = self.maybe
        self.missing = getattr(self, "nothing", "none")

        def note(value):
            self.noted = value

        note(3)
        self.next(self.end)

    @step
    def end(self):
        print(self.seen, self.missing, self.noted, self.other)


if __name__ == "__main__":
    AskingFlow()
