"""Objects that are never made, since the condition is constant and false."""

from __future__ import annotations

from dataclasses import dataclass

from metaflow import FlowSpec, JSONType, Parameter, step


@dataclass
class Box:
    content: int


def box(content: int) -> Box:
    return Box(content)


class ExactJSON(type(JSONType)):
    """JSON, with `{"$tuple": [...]}`, `$set`, `$frozenset`, `$bytes` (hex) and `$dict` (pairs) for what it has not."""

    def convert(self, value, param, ctx):
        return self.untagged(super().convert(value, param, ctx))

    def untagged(self, value):
        if isinstance(value, list):
            return [self.untagged(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((tag, items),) = value.items()
            kind = {"$tuple": tuple, "$set": set, "$frozenset": frozenset, "$dict": dict}.get(tag)
            if tag == "$bytes":
                return bytes.fromhex(items)
            if kind is not None:
                return kind(tuple(item) if kind is dict else item for item in self.untagged(items))
        return {key: self.untagged(item) for key, item in value.items()}


class FanoutNeverFlow(FlowSpec):
    """fanout_never"""

    pairs = Parameter("pairs", type=ExactJSON(), default='[{"$tuple": [1, 2]}]')

    @step
    def start(self):
        """Start the flow."""
        self.y_values = list(self.pairs)
        self.any_y = bool(self.y_values)
        self.next({True: self.each_y, False: self.no_y}, condition="any_y")

    @step
    def each_y(self):
        """Start a task for each `y`."""
        self.next(self.compute_out_items, foreach="y_values")

    @step
    def compute_out_items(self):
        """Compute `out_items`."""
        self.out_items = []
        self.next(self.gather_out_items_by_y_by_z)

    @step
    def gather_out_items_by_y_by_z(self, inputs):
        """Collect the results of each `y`, in order."""
        self.out_items_by_y_by_z = [task.out_items for task in inputs]
        self.next(self.end)

    @step
    def no_y(self):
        """There is nothing to do, and Metaflow takes no empty foreach."""
        self.out_items_by_y_by_z = []
        self.next(self.end)

    @step
    def end(self):
        """Finish with the result."""
        self.out = [item for items in self.out_items_by_y_by_z for item in items]
        self.result = len(self.out)


if __name__ == "__main__":
    FanoutNeverFlow()
