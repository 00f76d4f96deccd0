"""Where a step runs on a cluster, and the secrets that it gets there."""

from pipec import Secret, pipeline, step


@step(
    node_selector={"disk": "ssd"},
    tolerations=[{"key": "batch", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
    labels={"team": "ml"},
    annotations={"note": "nightly"},
    secrets={"TOKEN": Secret("registry", key="TOKEN")},
    shm="1Gi",
    targets={
        "airflow": {"pool_slots": 2},
        "kfp": {"imagePullPolicy": "Always"},
        "metaflow": {"kubernetes": {"qos": "Guaranteed"}},
    },
)
def work(n: int) -> int:
    return n + 1


@pipeline
def settings_placement(n: int = 1) -> int:
    return work(n)
