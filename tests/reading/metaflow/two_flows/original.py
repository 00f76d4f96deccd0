from metaflow import FlowSpec, step, trigger_on_finish

RATE = 2


class IngestFlow(FlowSpec):
    @step
    def start(self):
        self.rows = 10 * RATE
        self.next(self.end)

    @step
    def end(self):
        print(self.rows)


@trigger_on_finish(flow="IngestFlow")
class PublishFlow(FlowSpec):
    @step
    def start(self):
        self.target = "web"
        self.next(self.end)

    @step
    def end(self):
        print(self.target)


if __name__ == "__main__":
    PublishFlow()
