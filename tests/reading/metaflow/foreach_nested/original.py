from metaflow import FlowSpec, step


class NestedForeachFlow(FlowSpec):
    @step
    def start(self):
        self.rows = [[1, 2], [3], [4, 5, 6]]
        self.next(self.row, foreach="rows")

    @step
    def row(self):
        self.cells = self.input
        self.next(self.cell, foreach="cells")

    @step
    def cell(self):
        self.value = self.input * 10
        self.next(self.join_row)

    @step
    def join_row(self, inputs):
        self.row_sum = sum(i.value for i in inputs)
        self.next(self.join_rows)

    @step
    def join_rows(self, inputs):
        self.sums = [i.row_sum for i in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.sums)


if __name__ == "__main__":
    NestedForeachFlow()
