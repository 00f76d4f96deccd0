"""Everything that a container step may ask for."""

from pipec import GPU, Retry, Secret, container, pipeline

train = container(
    "registry.example.com/train:1",
    command=["train"],
    args=["--rows", "{rows}", "--cost", "$$5"],
    inputs={"rows": int},
    cpu=2,
    cpu_limit="3500m",
    memory="8Gi",
    memory_limit="16Gi",
    disk="20Gi",
    shm="1Gi",
    gpu=GPU("a100", count=2),
    retries=Retry(2, delay="30s", backoff=2),
    timeout="2h",
    env={"MODE": "fast", "PRICE": "$(HOME) {{ ds }}"},
    secrets={"TOKEN": Secret("hf", key="token")},
    node_selector={"disk": "ssd"},
    tolerations=[{"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    labels={"team": "vision"},
    annotations={"example.com/cost-center": "42"},
    service_account="trainer",
    priority="high",
)


@pipeline
def container_settings(rows: int = 3) -> None:
    train(rows)
