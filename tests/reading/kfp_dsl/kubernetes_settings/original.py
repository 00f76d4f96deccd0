from kfp import dsl, kubernetes


@dsl.component
def work():
    print("work")


@dsl.pipeline(name="pods")
def pods(secret: str = "db", claim: str = "data"):
    a = work()
    kubernetes.use_secret_as_env(a, secret_name="s3", secret_key_to_env={"key": "AWS_KEY", "secret": "AWS_SECRET"})
    kubernetes.use_secret_as_env(task=a, secret_name=secret, secret_key_to_env={"password": "PASSWORD"}, optional=True)
    kubernetes.use_secret_as_volume(a, secret_name="tls", mount_path="/tls")
    kubernetes.use_config_map_as_env(a, config_map_name="conf", config_map_key_to_env={"mode": "MODE"})
    kubernetes.use_config_map_as_volume(a, config_map_name="conf", mount_path="/conf", optional=True)
    kubernetes.mount_pvc(a, pvc_name="shared", mount_path="/data", sub_path="x")
    kubernetes.mount_pvc(a, pvc_name=claim, mount_path="/claim")
    b = work()
    kubernetes.add_node_selector(b, "pool", "gpu")
    kubernetes.add_node_selector(b, label_key="zone", label_value="a")
    kubernetes.add_toleration(b, key="gpu", operator="Equal", value="true", effect="NoSchedule")
    kubernetes.add_toleration(b, operator="Exists", effect="NoExecute", toleration_seconds=10)
    kubernetes.add_toleration_json(b, [{"key": "spot", "operator": "Exists"}])
    kubernetes.add_pod_label(b, "team", "ml")
    kubernetes.add_pod_annotation(b, "owner", "me")
    kubernetes.set_timeout(b, 1800)
    kubernetes.set_image_pull_policy(b, "Always")
    kubernetes.set_image_pull_secrets(b, secret_names=["registry"])
    c = work()
    kubernetes.use_field_path_as_env(c, env_name="NODE", field_path="spec.nodeName")
    kubernetes.set_security_context(c, run_as_user=1000, run_as_group=0, run_as_non_root=True)
    kubernetes.empty_dir_mount(c, volume_name="shm", mount_path="/dev/shm", medium="Memory", size_limit="1Gi")
    kubernetes.add_ephemeral_volume(
        c, volume_name="scratch", mount_path="/scratch", access_modes=["ReadWriteOnce"], size="5Gi", labels={"a": "b"}
    )
    kubernetes.add_node_affinity(
        c, match_expressions=[{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}], weight=5
    )
    kubernetes.add_node_affinity_json(
        c,
        {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}},
    )
