"""Migrated from the compiled pipeline "pods"."""

from pipec import Secret, pipeline, step


@step(
    image="python:3.11",
    cache=True,
    secrets={"AWS_KEY": Secret("s3", key="key"), "AWS_SECRET": Secret("s3", key="secret")},
    targets={
        "kfp": {
            "secretAsEnv": [
                {
                    "secretNameParameter": {"componentInputParameter": "secret"},
                    "keyToEnv": [{"secretKey": "password", "envVar": "PASSWORD"}],
                    "optional": True,
                },
            ],
            "secretAsVolume": [{"secretName": "tls", "mountPath": "/tls"}],
            "configMapAsEnv": [{"configMapName": "conf", "keyToEnv": [{"configMapKey": "mode", "envVar": "MODE"}]}],
            "configMapAsVolume": [{"configMapName": "conf", "mountPath": "/conf", "optional": True}],
            "pvcMount": [
                {"pvcName": "shared", "mountPath": "/data", "subPath": "x"},
                {"pvcNameParameter": {"componentInputParameter": "claim"}, "mountPath": "/claim"},
            ],
        },
    },
)
def work():
    print("work")


@step(
    image="python:3.11",
    timeout="30m",
    cache=True,
    node_selector={"pool": "gpu", "zone": "a"},
    tolerations=(
        {"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"},
        {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 10},
        {"key": "spot", "operator": "Exists"},
    ),
    labels={"team": "ml"},
    annotations={"owner": "me"},
    targets={"kfp": {"imagePullPolicy": "Always", "imagePullSecret": [{"secretName": "registry"}]}},
)
def work_2():
    print("work")


@step(
    image="python:3.11",
    shm="1Gi",
    cache=True,
    targets={
        "kfp": {
            "fieldPathAsEnv": [{"name": "NODE", "fieldPath": "spec.nodeName"}],
            "securityContext": {"runAsUser": 1000, "runAsGroup": 0, "runAsNonRoot": True},
            "genericEphemeralVolume": [
                {
                    "volumeName": "scratch",
                    "mountPath": "/scratch",
                    "accessModes": ["ReadWriteOnce"],
                    "size": "5Gi",
                    "defaultStorageClass": True,
                    "metadata": {"labels": {"a": "b"}},
                },
            ],
            "nodeAffinity": [
                {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}], "weight": 5},
                {"nodeAffinityJson": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
            ],
        },
    },
)
def work_3():
    print("work")


@pipeline
def pods(secret: str = "db", claim: str = "data"):
    a = work()
    b = work_2()
    c = work_3()
