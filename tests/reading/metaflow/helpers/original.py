from metaflow import FlowSpec, Parameter, step


class HelpersFlow(FlowSpec):
    """Constants, methods, properties and static methods of the class."""

    FACTOR = 3
    NAMES = ("a", "b")

    n = Parameter("n", default=2)

    def scaled(self, value, offset=0):
        """Uses a parameter, a constant and an artifact."""
        return value * self.FACTOR + self.n + offset

    def described(self):
        return f"{self.label}:{self.scaled(1)}"

    @staticmethod
    def shout(text):
        return text.upper()

    @property
    def doubled(self):
        return self.n * 2

    def remember(self, value):
        self.memory = value
        self.count = self.count + 1

    @step
    def start(self):
        self.label = self.shout("x")
        self.value = self.scaled(10, offset=1)
        self.next(self.middle)

    @step
    def middle(self):
        self.text = self.described() + self.NAMES[0] + HelpersFlow.shout("b")
        self.twice = self.doubled
        self.all_scaled = list(map(self.scaled, [1, 2]))
        self.count = 0
        self.next(self.remembering)

    @step
    def remembering(self):
        # a helper that sets artifacts
        self.remember(self.value)
        self.remember(self.value + 1)
        self.next(self.end)

    @step
    def end(self):
        print(self.text, self.memory, self.count)


if __name__ == "__main__":
    HelpersFlow()
