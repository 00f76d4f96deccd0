"""Migrated from the compiled pipeline "settings-of-run"."""

from pipec import Argument, pipeline, step


@step(
    image="python:3.11",
    memory=Argument("memory"),
    memory_limit=Argument("memory"),
    cache=True,
    targets={
        "kfp": {
            "pvcMount": [{"pvcNameParameter": {"componentInputParameter": "claim"}, "mountPath": "/data"}],
            "nodeAffinity": [{"nodeAffinityJson": {"componentInputParameter": "affinity"}}],
            "nodeSelector": {"nodeSelectorJson": {"componentInputParameter": "selector"}},
            "secretAsEnv": [
                {
                    "secretNameParameter": {"componentInputParameter": "secret"},
                    "keyToEnv": [{"secretKey": "password", "envVar": "PASSWORD"}],
                    "optional": True,
                },
            ],
            "configMapAsVolume": [
                {
                    "configMapNameParameter": {"componentInputParameter": "limits"},
                    "mountPath": "/limits",
                    "optional": True,
                },
            ],
            "tolerations": [{"tolerationJson": {"componentInputParameter": "tolerations"}}],
        },
    },
)
def train(rows: int, *, memory: str) -> int:
    return rows


@step(image="python:3.11", memory_limit=Argument("memory"), cache=True)
def warm_up(memory: str):
    print("warm")


@pipeline(name="settings-of-run")
def settings_of_run(
    rows: int = 3,
    memory: str = "2Gi",
    claim: str = "data",
    affinity: dict | None = None,
    selector: dict | None = None,
    secret: str | None = None,
    limits: str | None = None,
    tolerations: list | None = None,
):
    task = train(rows=rows, memory=memory)
    warm_up_done = warm_up(memory)
