"""Migrated from the compiled pipeline "volume-claims"."""

from pipec import native, parallel, pipeline, step

# PC503: it makes a volume claim while the pipeline runs, which the server does itself
createpvc = native(
    "kfp",
    """
    kubernetes.CreatePVC(
        access_modes=["ReadWriteOnce"], pvc_name_suffix="-data", size="5Gi", storage_class_name="standard"
    )
    """,
    imports=["from kfp import kubernetes"],
    outputs={"name": str},
    cache=True,
)


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
def load(rows: int, name: str = "digits") -> list:
    """Make some numbers."""
    # the seed is fixed
    return [len(name)] * rows


# PC503: it deletes a volume claim while the pipeline runs, which the server does itself
deletepvc = native(
    "kfp",
    "kubernetes.DeletePVC(pvc_name=pvc_name)",
    imports=["from kfp import kubernetes"],
    inputs={"pvc_name": str},
    cache=True,
)


@pipeline(name="volume-claims")
def volume_claims():
    name = createpvc()
    with parallel(after=name):
        load_result = load(rows=1)
    with parallel(after=load_result):
        deletepvc_done = deletepvc(name)
