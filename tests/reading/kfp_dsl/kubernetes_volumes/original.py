from kfp import dsl, kubernetes
from kfp.kubernetes import CreatePVC, DeletePVC, mount_pvc


@dsl.component
def write():
    open("/data/x", "w").close()


@dsl.component
def read() -> str:
    return open("/data/x").read()


@dsl.pipeline(name="volumes")
def volumes(size: str = "5Gi"):
    claim = CreatePVC(pvc_name_suffix="-data", access_modes=["ReadWriteOnce"], size=size, storage_class_name="standard")
    first = write()
    mount_pvc(first, pvc_name=claim.outputs["name"], mount_path="/data")
    with dsl.ParallelFor(["a", "b"]) as name:
        inside = read()
        kubernetes.mount_pvc(inside, pvc_name=claim.outputs["name"], mount_path="/data")
        kubernetes.use_secret_as_env(inside, secret_name=name, secret_key_to_env={"k": "K"})
    second = read().after(first)
    mount_pvc(second, pvc_name=claim.outputs["name"], mount_path="/data")
    DeletePVC(pvc_name=claim.outputs["name"]).after(second)
