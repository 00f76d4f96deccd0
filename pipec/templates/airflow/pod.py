def pod(**wanted: Any) -> dict[str, Any]:
    """Pod override of a task. The KubernetesExecutor alone reads it, so that no other pays for the import."""
    if "KubernetesExecutor" not in conf.get("core", "executor"):
        return {}
    from kubernetes.client import models as k8s

    container = k8s.V1Container(
        name="base",
        image=wanted.get("image"),
        resources=k8s.V1ResourceRequirements(requests=wanted.get("requests"), limits=wanted.get("limits")),
    )
    spec = k8s.V1PodSpec(
        containers=[container],
        node_selector=wanted.get("node_selector"),
        tolerations=[k8s.V1Toleration(**toleration) for toleration in wanted.get("tolerations", ())],
    )
# region secrets
    container.env = [
        k8s.V1EnvVar(
            name=variable,
            value_from=k8s.V1EnvVarSource(secret_key_ref=k8s.V1SecretKeySelector(name=name, key=key)),
        )
        for variable, (name, key) in wanted.get("secrets", {}).items()
    ]
# region shm
    if "shm" in wanted:
        memory = k8s.V1EmptyDirVolumeSource(medium="Memory", size_limit=wanted["shm"])
        spec.volumes = [k8s.V1Volume(name="shm", empty_dir=memory)]
        container.volume_mounts = [k8s.V1VolumeMount(name="shm", mount_path="/dev/shm")]
# region service accounts
    spec.service_account_name = wanted.get("service_account")
# region priority classes
    spec.priority_class_name = wanted.get("priority_class")
# region pod metadata
    metadata = k8s.V1ObjectMeta(labels=wanted.get("labels"), annotations=wanted.get("annotations"))
    return {"pod_override": k8s.V1Pod(spec=spec, metadata=metadata)}
# region no pod metadata
    return {"pod_override": k8s.V1Pod(spec=spec)}
# endregion
