"""What the names of libraries stand for, as far as it is a value and no function."""

from __future__ import annotations

import typing
from typing import Any

from pipec.backends.kfp.reading.dsl import kinds, kubernetes
from pipec.backends.kfp.reading.dsl.imported import Imported, canonical
from pipec.backends.kfp.reading.dsl.names import SDK_VERSION

PLACEHOLDERS = {
    "PIPELINE_JOB_NAME_PLACEHOLDER": "{{$.pipeline_job_name}}",
    "PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER": "{{$.pipeline_job_resource_name}}",
    "PIPELINE_JOB_ID_PLACEHOLDER": "{{$.pipeline_job_uuid}}",
    "PIPELINE_TASK_NAME_PLACEHOLDER": "{{$.pipeline_task_name}}",
    "PIPELINE_TASK_ID_PLACEHOLDER": "{{$.pipeline_task_uuid}}",
    "PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER": "{{$.outputs.output_file}}",
    "PIPELINE_TASK_EXECUTOR_INPUT_PLACEHOLDER": "{{$}}",
    "PIPELINE_ROOT_PLACEHOLDER": "{{$.pipeline_root}}",
    "PIPELINE_JOB_CREATE_TIME_UTC_PLACEHOLDER": "{{$.pipeline_job_create_time_utc}}",
    "PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER": "{{$.pipeline_job_schedule_time_utc}}",
    "RUN_ID_PLACEHOLDER": "{{$.pipeline_job_uuid}}",
    "WORKSPACE_PATH_PLACEHOLDER": "{{$.workspace_path}}",
}
"""Constants of `kfp.dsl`."""
PATHS = {"curdir": ".", "pardir": "..", "sep": "/", "extsep": "."}
"""Constants of `os` and `os.path`, as they are where people run pipelines."""
RUNTIME = frozenset(
    {"PipelineTaskFinalStatus", "TaskConfig", "InputPath", "OutputPath", "get_uri", "run_notebook", "kfp", "dsl"}
    | set(kinds.ARTIFACTS) | set(kinds.MARKS) | set(PLACEHOLDERS) | set(typing.__all__)
)  # fmt: skip
"""What the source of a component finds where it runs, besides Python's own names."""
AUTHORING = frozenset(
    {
        "component", "container_component", "pipeline", "importer", "ContainerSpec", "Condition", "If", "Elif", "Else",
        "OneOf", "ExitHandler", "ParallelFor", "Collected", "IfPresentPlaceholder", "ConcatPlaceholder",
        "PipelineTask", "PipelineConfig", "WorkspaceConfig", "KubernetesWorkspaceConfig", "TaskConfigField",
        "TaskConfigPassthrough", "notebook_component",
    }
)  # fmt: skip
"""What `from kfp.dsl import *` brings besides, where pipelines are written."""

_VALUES: dict[str, Any] = {
    **{f"kfp.dsl.{name}": text for name, text in PLACEHOLDERS.items()},
    **{f"kfp.dsl.{name}": cls for name, cls in kinds.ARTIFACTS.items()},
    **{f"kfp.dsl.{name}": kinds.Marker(mark) for name, mark in kinds.MARKS.items()},
    **{f"kfp.dsl.{name}": cls for name, cls in kinds.SPECIAL.items()},
    **{f"{module}.{name}": text for module in ("os", "os.path") for name, text in PATHS.items()},
    "kfp.__version__": SDK_VERSION,
}
_FIELDS = (
    "RESOURCES", "ENV", "KUBERNETES_AFFINITY", "KUBERNETES_TOLERATIONS", "KUBERNETES_NODE_SELECTOR",
    "KUBERNETES_VOLUMES",
)  # fmt: skip
_VALUES |= {f"kfp.dsl.TaskConfigField.{name}": name for name in _FIELDS}
_VOLUMES = kubernetes.volume_components()


def value(path: str) -> Any:
    """The value of a dotted name; an `Imported` for everything that is not known."""
    module, _, name = path.rpartition(".")
    if module in ("typing", "typing_extensions") and name != "NamedTuple":
        return getattr(typing, name, Imported(path))
    path = canonical(path)
    if path in _VALUES:
        return _VALUES[path]
    if path.startswith("kfp.kubernetes.") and name in _VOLUMES:
        return _VOLUMES[name]
    return Imported(path)


def star(module: str) -> dict[str, Any]:
    """What `from module import *` brings, for modules whose names are known."""
    module = canonical(module)
    if module == "kfp.dsl":
        names: set[str] = {*(RUNTIME - set(typing.__all__) - {"kfp", "dsl"}), *AUTHORING}
    elif module == "typing":
        names = set(typing.__all__)
    elif module == "kfp.kubernetes":
        names = {*kubernetes.functions(), *_VOLUMES}
    else:
        return {}
    return {name: value(f"{module}.{name}") for name in names}
