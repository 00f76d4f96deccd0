import os

from metaflow import (
    FlowSpec,
    batch,
    card,
    conda_base,
    environment,
    kubernetes,
    project,
    pypi,
    resources,
    retry,
    schedule,
    secrets,
    step,
    timeout,
)


@project(name="demo")
@schedule(cron="0 6 ? * MON-FRI *", timezone="Europe/Berlin")
@conda_base(packages={"pandas": "2.2.2"}, python="3.11")
class SettingsFlow(FlowSpec):
    @retry
    @resources(cpu=2, memory=8192, shared_memory=512)
    @step
    def start(self):
        self.x = 1
        self.next(self.train)

    @kubernetes(
        gpu=1, memory=32000, disk=20480, image="repo/train:1", node_selector="pool=gpu,zone=a",
        tolerations=[{"key": "gpu", "operator": "Exists"}], service_account="trainer", qos="Guaranteed", labels={"team": "ml"},
    )
    @timeout(hours=1, minutes=30)
    @retry(times=1, minutes_between_retries=0)
    @environment(vars={"MODE": "fast", "HOME_OF": os.environ.get("USER")})
    @pypi(packages={"scikit-learn": "1.5.0", "numpy": ">=1.26"})
    @card(type="html")
    @step
    def train(self):
        self.y = self.x + 1
        self.next(self.report)

    @secrets(sources=["db"])
    @batch(cpu=4, memory=16000, queue="fast", iam_role="role")
    @step
    def report(self):
        print(self.y)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SettingsFlow()
