import random

from metaflow import FlowSpec, step


class MutationFlow(FlowSpec):
    """Artifacts that steps change in place."""

    @step
    def start(self):
        self.items = [3, 1, 2]
        self.table = {"a": [1]}
        self.log = []
        self.next(self.change)

    @step
    def change(self):
        self.items.sort()
        self.table["b"] = [2]
        log = self.log
        log.append("changed")
        self.next(self.left, self.right)

    @step
    def left(self):
        self.items.append(9)
        self.table["a"].append(5)
        self.sum = sum(self.items)
        self.next(self.join)

    @step
    def right(self):
        self.items.reverse()
        self.first = self.items[0]
        random.Random(1).shuffle(self.items)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.left_items = inputs.left.items
        self.right_first = inputs.right.first
        self.table = inputs.left.table
        self.log = inputs.right.log
        self.total = inputs.left.sum
        self.next(self.end)

    @step
    def end(self):
        self.total += 1
        print(self.left_items)


if __name__ == "__main__":
    MutationFlow()
