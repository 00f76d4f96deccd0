"""Migrated from the compiled pipeline "settings"."""

from pipec import Retry, Secret, pipeline, step


@step(
    image="python:3.11",
    cpu="500m",
    cpu_limit=2,
    memory="512Mi",
    memory_limit="3906250Ki",
    shm="1Gi",
    gpu=2,
    retries=Retry(3, delay="30s", backoff=2),
    timeout="10m",
    env={"MODE": "fast"},
    secrets={"HF_TOKEN": Secret("hf", key="token")},
    node_selector={"pool": "gpu"},
    tolerations=({"effect": "NoExecute", "key": "gpu", "operator": "Exists", "tolerationSeconds": 30},),
    labels={"team": "ml"},
    annotations={"note": "x"},
    targets={
        "kfp": {
            "configMapAsEnv": [{"configMapName": "cm", "keyToEnv": [{"configMapKey": "key", "envVar": "KEY"}]}],
            "configMapAsVolume": [{"configMapName": "cm2", "mountPath": "/cm"}],
            "emptyDirMounts": [{"mountPath": "/scratch", "volumeName": "scratch"}],
            "fieldPathAsEnv": [{"fieldPath": "metadata.name", "name": "POD"}],
            "genericEphemeralVolume": [
                {
                    "accessModes": ["ReadWriteOnce"],
                    "defaultStorageClass": True,
                    "mountPath": "/eph",
                    "size": "1Gi",
                    "volumeName": "eph",
                },
            ],
            "imagePullPolicy": "Always",
            "imagePullSecret": [{"secretName": "reg"}],
            "nodeAffinity": [
                {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}], "weight": 10},
            ],
            "pvcMount": [
                {"pvcNameParameter": {"componentInputParameter": "claim"}, "mountPath": "/data"},
                {"pvcName": "fixed", "mountPath": "/fixed"},
            ],
            "secretAsVolume": [{"secretName": "s", "mountPath": "/s"}],
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
        },
    },
)
def load(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


@step(image="python:3.11", cpu=1, cache=True)
def load_2(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


@pipeline(timeout="2h", targets={"kfp": {"defaultPipelineRoot": "s3://bucket/root", "displayName": "All the settings"}})
def settings(claim: str = "data"):
    load_result = load(rows=1)
    load_2_result = load_2(rows=2)
