from metaflow import FlowSpec, step


class ExportFlow(FlowSpec):
    @step
    def start(self):
        self.tables = ["users", "orders"]
        self.next(self.export, foreach="tables")

    @step
    def export(self):
        print("exporting", self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        print("done")


if __name__ == "__main__":
    ExportFlow()
