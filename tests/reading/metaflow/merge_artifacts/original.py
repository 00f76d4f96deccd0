from metaflow import FlowSpec, step


class MergeFlow(FlowSpec):
    @step
    def start(self):
        self.shared = "same"
        self.skipped = "not wanted"
        self.next(self.left, self.right)

    @step
    def left(self):
        self.from_left = 1
        self.clash = "left"
        self.next(self.join)

    @step
    def right(self):
        self.from_right = 2
        self.clash = "right"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.clash = max(i.clash for i in inputs)
        self.merge_artifacts(inputs, exclude=["skipped"])
        self.total = self.from_left + self.from_right
        self.next(self.split)

    @step
    def split(self):
        self.next(self.again, self.other)

    @step
    def again(self):
        self.again_value = self.total * 10
        self.next(self.last)

    @step
    def other(self):
        self.other_value = self.total * 100
        self.next(self.last)

    @step
    def last(self, inputs):
        self.merge_artifacts(inputs, include=["again_value", "other_value", "shared"])
        self.next(self.end)

    @step
    def end(self):
        print(self.shared, self.again_value, self.other_value)


if __name__ == "__main__":
    MergeFlow()
