"""The Kubernetes platform document in KFP's own words: `kubernetes_executor_config.proto`."""

from __future__ import annotations

from typing import Any

from pipec.backends.kfp.model import Spec


class KeyToEnv(Spec):
    """A key of a secret, and the variable that it becomes."""

    secret_key: str
    env_var: str


class SecretAsEnv(Spec):
    """Keys of a secret as environment variables."""

    secret_name: str | None = None
    """For old servers."""
    secret_name_parameter: dict[str, Any]
    key_to_env: list[KeyToEnv]
    optional: bool | None = None


class NodeSelector(Spec):
    """Labels of the nodes that will do."""

    labels: dict[str, str] | None = None
    node_selector_json: dict[str, Any] | None = None
    """Where the run has them, instead."""


class Toleration(Spec):
    """A taint that does not matter."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    toleration_seconds: str | None = None
    toleration_json: dict[str, Any] | None = None
    """Where the run has one, or a list of them, instead."""


class Metadata(Spec):
    """Labels and annotations, of a pod or of a volume's claim."""

    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None


class EmptyDirMount(Spec):
    """An empty folder of the pod, in memory where `medium` is `"Memory"`."""

    volume_name: str
    mount_path: str
    medium: str | None = None
    size_limit: str | None = None


class KubernetesExecutor(Spec):
    """What Kubernetes is to do with one executor; the untyped fields are native settings, checked in `native.py`."""

    active_deadline_seconds: str | None = None
    config_map_as_env: list[dict[str, Any]] | None = None
    config_map_as_volume: list[dict[str, Any]] | None = None
    empty_dir_mounts: list[EmptyDirMount] | None = None
    field_path_as_env: list[dict[str, Any]] | None = None
    generic_ephemeral_volume: list[dict[str, Any]] | None = None
    image_pull_policy: str | None = None
    image_pull_secret: list[dict[str, Any]] | None = None
    node_affinity: list[dict[str, Any]] | None = None
    node_selector: NodeSelector | None = None
    pod_metadata: Metadata | None = None
    pvc_mount: list[dict[str, Any]] | None = None
    secret_as_env: list[SecretAsEnv] | None = None
    secret_as_volume: list[dict[str, Any]] | None = None
    security_context: dict[str, Any] | None = None
    tolerations: list[Toleration] | None = None


class KubernetesDeployment(Spec):
    """All executors that need something of Kubernetes."""

    executors: dict[str, KubernetesExecutor]


class KubernetesPipeline(Spec):
    """Settings of the whole run."""

    active_deadline_seconds: str | None = None
    workspace: dict[str, Any] | None = None


class KubernetesSpec(Spec):
    """The platform `kubernetes`."""

    deployment_spec: KubernetesDeployment | None = None
    pipeline_config: KubernetesPipeline | None = None


class Platforms(Spec):
    """Platform name -> settings."""

    kubernetes: KubernetesSpec


class PlatformSpec(Spec):
    """The second document, where one is needed."""

    platforms: Platforms
