import metaflow as mf
from metaflow import *


class StarFlow(mf.FlowSpec):
    """Names of Metaflow in several ways."""

    LIMIT = 3

    size = mf.Parameter("size", default=4)

    @retry(times=1)
    @mf.step
    def start(self): self.copy = self.size; self.next(self.other)

    @mf.resources(memory=6000)
    @step
    def other(self):
        LIMIT = self.LIMIT + 1
        self.small = self.copy < LIMIT; self.limit = LIMIT
        self.next(self.end)

    @step
    def end(self): print(self.small)


if __name__ == "__main__":
    StarFlow()
