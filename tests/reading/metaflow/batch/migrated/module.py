"""Steps on AWS Batch, whose megabytes are mebibytes."""

from pipec import Retry, pipeline, step


@step(cpu=2, memory="8Gi", shm="512Mi", queue="nightly", image="registry.example.com/ml:1")
def start(rows: int) -> list[int]:
    values = list(range(rows))
    return values


@step(
    memory="32000Mi",
    gpu=1,
    retries=Retry(2, delay="1m"),
    targets={
        "metaflow": {
            "batch": {
                "iam_role": "trainer",
                "use_tmpfs": True,
                "tmpfs_size": 256,
                "aws_batch_tags": {"cost-center": "42"},
            },
        },
    },
)
def train(values: list[int]):
    model = sum(values) / len(values)
    return model


@step
def publish(model):
    print(f"the model is {model}")


@step
def end():
    print("published")


@pipeline(schedule="@daily", targets={"metaflow": {"compute": "batch", "project": {"name": "forecasts"}}})
def nightly(rows: int = 4):
    values = start(rows)
    model = train(values)
    publish(model)
    end()
    return {"values": values, "model": model}
