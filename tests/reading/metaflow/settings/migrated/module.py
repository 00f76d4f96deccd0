import os

from pipec import Cron, Retry, pipeline, step


@step(cpu=2, memory="8192MB", shm="512Mi", retries=Retry(3, delay="2m"), packages=["pandas==2.2.2"], python="3.11")
def start() -> int:
    x = 1
    return x


# PC505: `vars['HOME_OF']` of `train` is not kept: its value is found where the run is started
@step(
    memory="32GB",
    disk="20480MB",
    gpu=1,
    retries=Retry(1, delay="0s"),
    timeout="90m",
    env={"MODE": "fast"},
    node_selector={"pool": "gpu", "zone": "a"},
    tolerations=[{"key": "gpu", "operator": "Exists"}],
    labels={"team": "ml"},
    service_account="trainer",
    image="repo/train:1",
    packages=["pandas==2.2.2", "scikit-learn==1.5.0", "numpy>=1.26"],
    python="3.11",
    targets={"metaflow": {"kubernetes": {"qos": "Guaranteed"}, "card": {"type": "html"}}},
)
def train(x: int):
    y = x + 1
    return y


# PC505: `@secrets` of `report` is not kept: name the variables that it sets: `secrets={"TOKEN": Secret("name",
# key="TOKEN")}`
# PC505: `@batch` of `report` is not kept: other steps run by `@kubernetes`, and no deployer takes both
@step(
    cpu=4,
    memory="16000Mi",
    queue="fast",
    packages=["pandas==2.2.2"],
    python="3.11",
    targets={"metaflow": {"batch": {"iam_role": "role"}}},
)
def report(y):
    print(y)


@pipeline(
    schedule=Cron("0 6 * * MON-FRI", timezone="Europe/Berlin"),
    targets={"metaflow": {"project": {"name": "demo"}}},
)
def settings():
    x = start()
    y = train(x)
    report(y)
    return {"x": x, "y": y}
