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
    return {"pod_override": k8s.V1Pod(spec=spec)}
