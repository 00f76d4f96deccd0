"""Migrated from the compiled pipeline "volumes"."""

from pipec import native, parallel, pipeline, step

# PC503: it makes a volume claim while the pipeline runs, which the server does itself
createpvc = native(
    "kfp",
    """
    kubernetes.CreatePVC(
        pvc_name_suffix="-data", access_modes=["ReadWriteOnce"], size=size, storage_class_name="standard"
    )
    """,
    imports=["from kfp import kubernetes"],
    inputs={"size": str},
    outputs={"name": str},
    cache=True,
)


# PC505: secretAsEnv is not kept: it is named by a value that is known only in the run
@step(
    image="python:3.11",
    cache=True,
    targets={
        "kfp": {
            "pvcMount": [
                {
                    "pvcNameParameter": {
                        "taskOutputParameter": {"producerTask": "createpvc", "outputParameterKey": "name"},
                    },
                    "mountPath": "/data",
                },
            ],
        },
    },
)
def read() -> str:
    return open("/data/x").read()


@step(
    image="python:3.11",
    cache=True,
    targets={
        "kfp": {
            "pvcMount": [
                {
                    "pvcNameParameter": {
                        "taskOutputParameter": {"producerTask": "createpvc", "outputParameterKey": "name"},
                    },
                    "mountPath": "/data",
                },
            ],
        },
    },
)
def write():
    open("/data/x", "w").close()


# PC503: it deletes a volume claim while the pipeline runs, which the server does itself
deletepvc = native(
    "kfp",
    "kubernetes.DeletePVC(pvc_name=pvc_name)",
    imports=["from kfp import kubernetes"],
    inputs={"pvc_name": str},
    cache=True,
)


@pipeline
def volumes(size: str = "5Gi"):
    claim = createpvc(size)
    for name in ["a", "b"]:
        inside = read()
    with parallel(after=claim):
        first = write()
    with parallel(after=first):
        second = read()
    with parallel(after=second):
        deletepvc_done = deletepvc(claim)
