"""Steps on AWS Batch, whose megabytes are mebibytes."""

from metaflow import FlowSpec, Parameter, batch, project, resources, retry, schedule, step


@project(name="forecasts")
@schedule(daily=True)
class NightlyFlow(FlowSpec):
    rows = Parameter("rows", type=int, default=4)

    @batch(cpu=2, memory=8192, image="registry.example.com/ml:1", queue="nightly", shared_memory=512)
    @step
    def start(self):
        self.values = list(range(self.rows))
        self.next(self.train)

    @retry(times=2, minutes_between_retries=1)
    @batch(gpu=1, iam_role="trainer", use_tmpfs=True, tmpfs_size=256, aws_batch_tags={"cost-center": "42"})
    @resources(memory=32000)
    @step
    def train(self):
        self.model = sum(self.values) / len(self.values)
        self.next(self.publish)

    @batch
    @step
    def publish(self):
        print(f"the model is {self.model}")
        self.next(self.end)

    @step
    def end(self):
        print("published")


if __name__ == "__main__":
    NightlyFlow()
