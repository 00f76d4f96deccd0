"""What the flows have in common."""

import json

from metaflow import FlowSpec, step

INDENT = 2


def pretty(value):
    """As indented JSON."""
    return json.dumps(value, indent=INDENT)


class ReportingBase(FlowSpec):
    """Ends with a report."""

    @step
    def report(self):
        self.text = pretty(self.history)
        self.keys = json.loads(self.text)
        self.next(self.end)

    @step
    def end(self):
        print(self.text)
