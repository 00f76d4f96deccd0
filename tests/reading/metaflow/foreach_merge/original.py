from metaflow import FlowSpec, step


class ForeachMergeFlow(FlowSpec):
    """What is the same in all inputs comes through a merge."""

    @step
    def start(self):
        self.config = {"scale": 2}
        self.xs = [1, 2]
        self.next(self.scale, foreach="xs")

    @step
    def scale(self):
        self.version = "v1"
        self.y = self.input * self.config["scale"]
        self.next(self.join)

    @step
    def join(self, inputs):
        self.ys = []
        for n, task in enumerate(inputs):
            self.ys.append((n, task.y))
        self.merge_artifacts(inputs, exclude=["y"])
        self.next(self.end)

    @step
    def end(self):
        print(self.version, self.config, self.ys, self.xs)


if __name__ == "__main__":
    ForeachMergeFlow()
