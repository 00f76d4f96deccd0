#!/usr/bin/env python
# The header of the file.
"""A flow with comments in all places."""

# why math is needed
import math  # for pi
import metaflow as mf

# two constants
A = 1
B = 2  # the second

C = 3


# a comment above the class
class FormattingFlow(mf.FlowSpec):
    """Kept as it was."""

    # the limit
    LIMIT = 4  # four

    # above the step
    @mf.step
    def start(self):
        # first
        self.a = (
            A  # one
            + B
        )  # three

        text = """
    not moved
        at all
"""
        self.text = text

        self.b = f"{self.a!r:>4} {self.text.strip()[0]} {math.pi:.2f}"

        # where it goes
        self.next(self.end)

    @mf.step
    def end(self):
        """Ends.

        With more text.
        """
        if self.a > self.LIMIT:  # never
            print("large")
        # last words
        print(self.b, C)


if __name__ == "__main__":
    FormattingFlow()
