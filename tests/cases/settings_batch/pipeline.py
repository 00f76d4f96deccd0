"""A site whose flows run on AWS Batch: the same settings, in its units."""

from pipec import Secret, pipeline, step


@step(
    cpu=2,
    memory="8Gi",
    retries=2,
    timeout="2h",
    secrets={"API_TOKEN": Secret("shop", key="API-TOKEN")},
)
def load(shops: list[str]) -> list[int]:
    return [len(shop) for shop in shops]


@step(cpu="1500m", memory="16GB", memory_limit="20GB", gpu=1, shm="2Gi", labels={"team": "forecasts"})
def fit(sizes: list[int], degree: int) -> dict[str, float]:
    return {"degree": degree, "error": sum(sizes) / 10**degree}


@step(packages=["humanize==4.9.0"], memory="512Mi", targets={"metaflow": {"batch": {"iam_role": "publisher"}}})
def publish(models: list[dict[str, float]]) -> float:
    return min(model["error"] for model in models)


@pipeline(schedule="0 4 * * 1-5")
def settings_batch(shops: list[str] = ["berlin", "rome"]) -> float:
    sizes = load(shops)
    return publish([fit(sizes, degree) for degree in (1, 2)])
