"""What a compiled pipeline is in KFP's own words: PipelineSpec 2.1.0.

Field names and nesting are those of `pipeline_spec.proto`; the YAML has them in camel case.
64-bit integers are text, as the JSON form of protobuf wants it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Spec(BaseModel):
    """Base of all messages: strict, and written without what is not set."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)


# --- interfaces

ParameterType = Literal["STRING", "NUMBER_INTEGER", "NUMBER_DOUBLE", "BOOLEAN", "LIST", "STRUCT", "TASK_FINAL_STATUS"]


class ParameterSpec(Spec):
    """A parameter of a component."""

    parameter_type: ParameterType = "STRING"
    default_value: str | None = None
    is_optional: bool | None = None
    description: str | None = None


class ArtifactType(Spec):
    """A system type such as `system.Model`."""

    schema_title: str
    schema_version: str = "0.0.1"


class ArtifactSpec(Spec):
    """An artifact, or a list of artifacts, of a component."""

    artifact_type: ArtifactType
    is_artifact_list: bool | None = None
    is_optional: bool | None = None
    description: str | None = None


class Definitions(Spec):
    """The inputs, or the outputs, of a component."""

    artifacts: dict[str, ArtifactSpec] | None = None
    parameters: dict[str, ParameterSpec] | None = None


# --- tasks


class TaskOutputParameter(Spec):
    """A parameter that another task of the same DAG hands out."""

    producer_task: str
    output_parameter_key: str


class TaskOutputArtifact(Spec):
    """An artifact that another task of the same DAG hands out."""

    producer_task: str
    output_artifact_key: str


class RuntimeValue(Spec):
    """A constant; text but where the parameter is one of a native step."""

    constant: Any


class TaskFinalStatus(Spec):
    """How another task of the same DAG has ended."""

    producer_task: str


class ParameterBinding(Spec):
    """Where a task's parameter comes from."""

    component_input_parameter: str | None = None
    task_final_status: TaskFinalStatus | None = None
    task_output_parameter: TaskOutputParameter | None = None
    runtime_value: RuntimeValue | None = None


class ArtifactBinding(Spec):
    """Where a task's artifact comes from."""

    component_input_artifact: str | None = None
    task_output_artifact: TaskOutputArtifact | None = None


class TaskInputs(Spec):
    """What a task is called with."""

    artifacts: dict[str, ArtifactBinding] | None = None
    parameters: dict[str, ParameterBinding] | None = None


class Items(Spec):
    """What a loop runs over: JSON text, or an input of the task."""

    raw: str | None = None
    input_parameter: str | None = None


class ParameterIterator(Spec):
    """A loop: the task runs once for every item."""

    item_input: str
    items: Items


class IteratorPolicy(Spec):
    """How many iterations run at once."""

    parallelism_limit: int


class TriggerPolicy(Spec):
    """When the task runs at all: a CEL expression over its own inputs, or whatever became of those before it."""

    condition: str | None = None
    strategy: Literal["ALL_UPSTREAM_TASKS_COMPLETED"] | None = None


class RetryPolicy(Spec):
    """Retries after the first attempt."""

    max_retry_count: int
    backoff_duration: str = "0s"
    backoff_factor: float = 2.0
    backoff_max_duration: str = "3600s"


class CachingOptions(Spec):
    """Reuse of results; off where not set."""

    enable_cache: bool | None = None


class ComponentRef(Spec):
    """Which component a task calls."""

    name: str


class TaskInfo(Spec):
    """What the UI shows."""

    name: str


class TaskSpec(Spec):
    """One call of a component."""

    caching_options: CachingOptions | None = None
    component_ref: ComponentRef
    dependent_tasks: list[str] | None = None
    inputs: TaskInputs | None = None
    iterator_policy: IteratorPolicy | None = None
    parameter_iterator: ParameterIterator | None = None
    retry_policy: RetryPolicy | None = None
    task_info: TaskInfo
    trigger_policy: TriggerPolicy | None = None


# --- components


class ParameterSelector(Spec):
    """One output of one task of the DAG."""

    output_parameter_key: str
    producer_subtask: str


class OneOf(Spec):
    """The output of the one task that has run."""

    parameter_selectors: list[ParameterSelector]


class DagParameter(Spec):
    """Where a parameter that a DAG hands out comes from."""

    value_from_parameter: ParameterSelector | None = None
    value_from_oneof: OneOf | None = None


class ArtifactSelector(Spec):
    """One output artifact of one task of the DAG."""

    output_artifact_key: str
    producer_subtask: str


class DagArtifact(Spec):
    """Where an artifact that a DAG hands out comes from."""

    artifact_selectors: list[ArtifactSelector]


class DagOutputs(Spec):
    """What a DAG hands out."""

    artifacts: dict[str, DagArtifact] | None = None
    parameters: dict[str, DagParameter] | None = None


class Dag(Spec):
    """Tasks, and what the whole hands out."""

    outputs: DagOutputs | None = None
    tasks: dict[str, TaskSpec]


class ComponentSpec(Spec):
    """A container (by its executor), or a DAG, with its interface."""

    dag: Dag | None = None
    executor_label: str | None = None
    input_definitions: Definitions | None = None
    output_definitions: Definitions | None = None


# --- executors


class AcceleratorConfig(Spec):
    """GPUs: the first two are what servers before 2.4 read."""

    count: str | None = None
    type: str | None = None
    resource_count: str
    resource_type: str


class ResourceSpec(Spec):
    """Requests and limits; the numbers are what servers before 2.4 read (cores, and gigabytes of 10^9)."""

    accelerator: AcceleratorConfig | None = None
    cpu_limit: float | None = None
    cpu_request: float | None = None
    memory_limit: float | None = None
    memory_request: float | None = None
    resource_cpu_limit: str | None = None
    resource_cpu_request: str | None = None
    resource_memory_limit: str | None = None
    resource_memory_request: str | None = None


class EnvVar(Spec):
    """An environment variable."""

    name: str
    value: str


class ContainerSpec(Spec):
    """What runs in a pod."""

    image: str
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[EnvVar] | None = None
    resources: ResourceSpec | None = None


class ArtifactUri(Spec):
    """The parameter that names the artifact, or its URI."""

    runtime_parameter: str | None = None
    constant: str | None = None


class ImporterSpec(Spec):
    """Makes an artifact of its URI; runs no pod of its own."""

    artifact_uri: ArtifactUri
    metadata: dict[str, Any] | None = None
    reimport: bool | None = None
    type_schema: ArtifactType


class ExecutorSpec(Spec):
    """A container or an importer."""

    container: ContainerSpec | None = None
    importer: ImporterSpec | None = None


class DeploymentSpec(Spec):
    """All executors."""

    executors: dict[str, ExecutorSpec]


class PipelineInfo(Spec):
    """How the pipeline is called."""

    name: str
    description: str | None = None
    display_name: str | None = None


class PipelineSpec(Spec):
    """The first document."""

    components: dict[str, ComponentSpec]
    default_pipeline_root: str | None = None
    deployment_spec: DeploymentSpec
    pipeline_info: PipelineInfo
    root: ComponentSpec
    schema_version: Literal["2.1.0"] = "2.1.0"
    sdk_version: str = "pipec"


def plain(spec: Spec) -> dict[str, Any]:
    """`spec` as the YAML has it."""
    return spec.model_dump(by_alias=True, exclude_none=True)
