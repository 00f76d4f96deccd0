from metaflow import FlowSpec, Parameter, step


class RouteFlow(FlowSpec):
    """Three ways, one of them straight to the end; the value comes from a function."""

    mode = Parameter("mode", default="fast")

    @step
    def start(self):
        self.route = self.mode.strip()
        self.next({"fast": self.fast, "slow": self.slow, "none": self.end}, condition="route")

    @step
    def fast(self):
        self.result = "f"
        self.next(self.end)

    @step
    def slow(self):
        self.interim = "s"
        self.next(self.slower)

    @step
    def slower(self):
        self.result = self.interim * 3
        self.next(self.end)

    @step
    def end(self):
        print("done")


if __name__ == "__main__":
    RouteFlow()
