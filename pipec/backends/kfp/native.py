"""Native settings, `targets={"kfp": {...}}`: which there are, and how they become fields of the platform document.

A step takes what `KubernetesExecutorConfig` has and pipec has no setting for, under the same names. Secrets, config
maps and claims are given by name (`secretName`, `configMapName`, `pvcName`), or by a `str` parameter of the pipeline
that holds it: `"pvcNameParameter": {"componentInputParameter": "claim"}`, of steps in no loop, branch or group; or by
what a native or container step gives: `"taskOutputParameter": {"producerTask": "claim", "outputParameterKey": "name"}`;
or by an argument of the call, `"pvcName": Argument("claim")`. `nodeSelectorJson`, `nodeAffinityJson`, `tolerationJson`
can be a parameter of the pipeline too, `selector: dict | None = None`, that nothing else reads; see `of_run.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError, model_validator
from pydantic.alias_generators import to_camel

from pipec.backends.kfp.model import Spec
from pipec.backends.kfp.platform import EmptyDirMount, Metadata
from pipec.backends.kfp.volumes import step_problems, workspace_problems
from pipec.compiler.backend.native import unknown
from pipec.compiler.capabilities import at_least
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import RefusedSetting
from pipec.ir import PipelinePolicy, TaskPolicy

TARGET = "kfp"


class OfRun(Spec):
    """A name that a parameter of the pipeline gives."""

    component_input_parameter: str


class OfTask(Spec):
    """An output of another step."""

    producer_task: str
    output_parameter_key: str


class OfStep(Spec):
    """A name that another step gives."""

    task_output_parameter: OfTask


class OfArgument(Spec):
    """A text that the call of a step gives."""

    argument: str


class Named(Spec):
    """Something of the cluster, by its name or by a parameter of the pipeline that holds it."""

    @model_validator(mode="after")
    def _has_one_name(self) -> Named:
        names = [name for name in type(self).model_fields if name.endswith(("_name", "_name_parameter"))]
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs one of {' and '.join(repr(to_camel(name)) for name in names)}")
        return self


class KeyOfConfigMap(Spec):
    """A key of a config map, and the variable that it becomes."""

    config_map_key: str
    env_var: str


class ConfigMapAsEnv(Named):
    """Keys of a config map as environment variables."""

    config_map_name: str | OfArgument | None = None
    config_map_name_parameter: OfRun | OfStep | None = None
    key_to_env: list[KeyOfConfigMap]
    optional: bool | None = None


class ConfigMapAsVolume(Named):
    """A config map as files."""

    config_map_name: str | OfArgument | None = None
    config_map_name_parameter: OfRun | OfStep | None = None
    mount_path: str
    optional: bool | None = None


class KeyOfSecret(Spec):
    """A key of a secret, and the variable that it becomes."""

    secret_key: str
    env_var: str


class SecretAsEnv(Named):
    """Keys of a secret as environment variables: one that may be missing, which `secrets` cannot say."""

    secret_name: str | OfArgument | None = None
    secret_name_parameter: OfRun | OfStep | None = None
    key_to_env: list[KeyOfSecret]
    optional: bool | None = None


class SecretAsVolume(Named):
    """A secret as files."""

    secret_name: str | OfArgument | None = None
    secret_name_parameter: OfRun | OfStep | None = None
    mount_path: str
    optional: bool | None = None


class ImagePullSecret(Named):
    """A secret with which the image is pulled."""

    secret_name: str | OfArgument | None = None
    secret_name_parameter: OfRun | OfStep | None = None


class PvcMount(Named):
    """A claim of the cluster, mounted."""

    pvc_name: str | OfArgument | None = None
    pvc_name_parameter: OfRun | OfStep | None = None
    mount_path: str
    sub_path: str | None = None


class GenericEphemeralVolume(Spec):
    """A volume that lives as long as the pod."""

    volume_name: str
    mount_path: str
    access_modes: list[str]
    size: str
    default_storage_class: bool | None = None
    storage_class_name: str | None = None
    metadata: Metadata | None = None


class FieldPathAsEnv(Spec):
    """A field of the pod as an environment variable."""

    name: str
    field_path: str


class Requirement(Spec):
    """A condition on labels."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[str] | None = None


class NodeAffinityTerm(Spec):
    """Nodes that are required, or with a `weight` preferred; or a whole `nodeAffinity` of Kubernetes."""

    match_expressions: list[Requirement] | None = None
    match_fields: list[Requirement] | None = None
    weight: int | None = None
    node_affinity_json: OfArgument | OfRun | dict[str, Any] | None = None


class SelectorOfRun(Spec):
    """Labels of nodes that a parameter of the pipeline holds."""

    node_selector_json: OfRun


class TolerationsOfRun(Spec):
    """Tolerations that a parameter of the pipeline holds."""

    toleration_json: OfRun


class SecurityContext(Spec):
    """Who the container runs as."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None


class Accelerator(Spec):
    """Devices by the resource that Kubernetes knows, which each call may give."""

    resource_type: str | OfArgument
    resource_count: str | OfArgument


class StepSettings(Spec):
    """The settings of a step."""

    accelerator: Accelerator | None = None
    config_map_as_env: list[ConfigMapAsEnv] | None = None
    config_map_as_volume: list[ConfigMapAsVolume] | None = None
    empty_dir_mounts: list[EmptyDirMount] | None = None
    field_path_as_env: list[FieldPathAsEnv] | None = None
    generic_ephemeral_volume: list[GenericEphemeralVolume] | None = None
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    image_pull_secret: list[ImagePullSecret] | None = None
    node_affinity: list[NodeAffinityTerm] | None = None
    node_selector: SelectorOfRun | None = None
    pvc_mount: list[PvcMount] | None = None
    secret_as_env: list[SecretAsEnv] | None = None
    secret_as_volume: list[SecretAsVolume] | None = None
    security_context: SecurityContext | None = None
    tolerations: list[TolerationsOfRun] | None = None


class KubernetesWorkspace(Spec):
    """What the claim of a workspace has besides its size: fields of a claim's `spec`."""

    pvc_spec_patch: dict[str, Any] | None = None


class Workspace(Spec):
    """A volume that all tasks of a run share, at `dsl.WORKSPACE_PATH_PLACEHOLDER`."""

    size: str
    kubernetes: KubernetesWorkspace | None = None


class PipelineSettings(Spec):
    """The settings of a pipeline."""

    default_pipeline_root: str | None = None
    display_name: str | None = None
    workspace: Workspace | None = None


OURS = {
    "activeDeadlineSeconds": "timeout", "cachingOptions": "cache",
    "enabledSharedMemory": "shm", "nodeSelector": "node_selector", "podMetadata": "labels, annotations",
    "retryPolicy": "retries", "tolerations": "tolerations",
}  # fmt: skip
"""What a setting of pipec's own becomes."""
SINCE = {"securityContext": "2.16", "pvcMount.subPath": "2.16", "configMapAsEnv.optional": "2.15",
         "secretAsEnv.optional": "2.15", "workspace": "2.15"}  # fmt: skip
"""Fields that servers have not always known -> first version."""


def check(policy: TaskPolicy | PipelinePolicy, subject: str, version: str, report: Report) -> None:
    """Report what KFP does not have, has by a setting of pipec's own, or takes in another form only."""
    given = policy.extensions.get(TARGET, {})
    found = _problems(given, StepSettings if isinstance(policy, TaskPolicy) else PipelineSettings, version)
    if not found and isinstance(policy, TaskPolicy):
        found = list(step_problems(given, policy.resources.shm))
    elif not found and (space := given.get("workspace")):
        found = list(workspace_problems(space))
    for reason in found:
        report.add(RefusedSetting(policy.span("targets"), TARGET, subject, "targets", reason))


def _problems(given: Mapping[str, Any], kind: type[Spec], version: str) -> list[str]:
    known = [field.alias or name for name, field in kind.model_fields.items()]
    found = [unknown(name, known, OURS) for name in given if name not in known]
    ours = [name for name, key in JSON.items() if name in given and f"{key}Json" not in str(given[name])]
    found += [unknown(name, known, OURS) for name in ours]
    if found:
        return found
    try:
        kind.model_validate(dict(given))
    except ValidationError as error:
        return [f"{'.'.join(map(str, e['loc']))}: {e['msg'][0].lower()}{e['msg'][1:]}" for e in error.errors()]
    for path, since in SINCE.items():
        if _has(given, path) and not at_least(version, since):
            found.append(f"{path!r} needs Kubeflow Pipelines {since} or later; this is for {version}")
    return found


def _has(given: Any, path: str) -> bool:
    name, _, rest = path.partition(".")
    if isinstance(given, list):
        return any(_has(item, path) for item in given)
    return isinstance(given, dict) and name in given and (not rest or _has(given[name], rest))


NAMES = (
    ("configMapAsEnv", "configMapName"),
    ("configMapAsVolume", "configMapName"),
    ("imagePullSecret", "secretName"),
    ("pvcMount", "pvcName"),
    ("secretAsEnv", "secretName"),
    ("secretAsVolume", "secretName"),
)
"""Settings whose entries name something of the cluster."""
JSON = {"nodeSelector": "nodeSelector", "tolerations": "toleration"}
"""Settings of pipec's own that a parameter of the pipeline may hold -> what that is called."""
Bindings = Mapping[tuple[str, str], dict[str, Any]]
"""Step and output -> where a task has what the step gives, as JSON has it."""


def of_step(policy: TaskPolicy, bindings: Bindings, of_arguments: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The fields of `KubernetesExecutorConfig`, as JSON has them; `of_arguments`: where the server has those."""
    if TARGET not in policy.extensions:
        return {}
    settings = StepSettings.model_validate(policy.extensions[TARGET])
    found: dict[str, Any] = settings.model_dump(by_alias=True, exclude_none=True, exclude={"accelerator"})
    for field, name in NAMES:
        for number, entry in enumerate(found.get(field, ())):
            if source := of_arguments.get(f"targets.{TARGET}.{field}.{number}.{name}"):
                del entry[name]
                entry[f"{name}Parameter"] = source
            elif name in entry:
                entry[f"{name}Parameter"] = {"runtimeValue": {"constant": entry.pop(name)}}
            elif given := entry[f"{name}Parameter"].get("taskOutputParameter"):
                entry[f"{name}Parameter"] = bindings[given["producerTask"], given["outputParameterKey"]]
    for number, term in enumerate(found.get("nodeAffinity", ())):
        if source := of_arguments.get(f"targets.{TARGET}.nodeAffinity.{number}.nodeAffinityJson"):
            term["nodeAffinityJson"] = source
        elif "nodeAffinityJson" in term and term["nodeAffinityJson"].keys() != {"componentInputParameter"}:
            term["nodeAffinityJson"] = {"runtimeValue": {"constant": term["nodeAffinityJson"]}}
    context = found.get("securityContext", {})
    context |= {key: str(context[key]) for key in ("runAsUser", "runAsGroup") if key in context}  # 64 bits
    return found


def accelerator(policy: TaskPolicy) -> dict[str, Any]:
    """The devices that native settings ask for: a text, or `{"argument": parameter}`, for type and count."""
    return dict(policy.extensions.get(TARGET, {}).get("accelerator", {}))


def _parameters(policy: TaskPolicy) -> list[tuple[str, Mapping[str, Any]]]:
    """What names things of the cluster otherwise than by a constant, by its field."""
    given = policy.extensions.get(TARGET, {})
    listed = [value if isinstance(value, (list, tuple)) else [value] for value in given.values()]
    entries = [entry for each in listed for entry in each if isinstance(entry, Mapping)]
    named = [(k, value) for e in entries for k, value in e.items() if k.endswith(("NameParameter", "Json"))]
    return [(field, value) for field, value in named if isinstance(value, Mapping)]


def of_run(policy: TaskPolicy) -> list[tuple[str, str]]:
    """The parameters of the pipeline that a step's settings are, each with the field."""
    found = [(value.get("componentInputParameter"), field) for field, value in _parameters(policy)]
    return list(dict.fromkeys((name, field) for name, field in found if isinstance(name, str)))


def of_tasks(policy: TaskPolicy) -> list[OfTask]:
    """The outputs of other steps that do."""
    found = [value["taskOutputParameter"] for _, value in _parameters(policy) if "taskOutputParameter" in value]
    made = [OfTask.model_validate(one) for one in found if isinstance(one, Mapping) and len(one) == 2]
    return list({(one.producer_task, one.output_parameter_key): one for one in made}.values())


def pipeline_root(policy: PipelinePolicy) -> str | None:
    """Where artifacts go, unless a run says otherwise."""
    return PipelineSettings.model_validate(policy.extensions.get(TARGET, {})).default_pipeline_root


def display_name(policy: PipelinePolicy) -> str | None:
    """What the UI calls the pipeline, where that is not its name."""
    return PipelineSettings.model_validate(policy.extensions.get(TARGET, {})).display_name


def workspace(policy: PipelinePolicy) -> dict[str, Any] | None:
    """The volume that the tasks of a run share; without `kubernetes`, be it empty, a server makes no claim for it."""
    given = PipelineSettings.model_validate(policy.extensions.get(TARGET, {})).workspace
    if given is None:
        return None
    patch = given.kubernetes.pvc_spec_patch if given.kubernetes is not None else None
    return {"size": given.size, "kubernetes": {"pvcSpecPatch": patch or {}}}


def workspace_setting(given: Mapping[str, Any]) -> dict[str, Any]:
    """The setting that becomes `given`."""
    patch = (given.get("kubernetes") or {}).get("pvcSpecPatch")
    return {name: value for name, value in given.items() if name != "kubernetes" or patch}


def is_workspace(given: object) -> bool:
    """Whether `given`, JSON of a platform document, is a workspace that pipec can say."""
    try:
        return bool(Workspace.model_validate(given).size)
    except ValidationError:
        return False
