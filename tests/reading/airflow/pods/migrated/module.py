"""Containers on Kubernetes."""

from pipec import container, pipeline, run

prepare = container(
    "registry.example.com/prepare:1.2",
    ["python", "-m", "prepare"],
    ["--date", "{date}"],
    inputs={"date": str},
    retries=2,
    env={"MODE": "fast"},
)

train = container(
    "registry.example.com/train:1.2",
    ["python", "train.py"],
    ["--epochs", "3"],
    cpu=2,
    memory="8Gi",
    memory_limit="16Gi",
    gpu=1,
    timeout="4h",
)


@pipeline(schedule="@weekly")
def pods():
    prepare(date=run.date)
    train()
