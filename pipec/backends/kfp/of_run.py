"""Parameters of the pipeline that native settings name and nothing else reads: the server has them with its own types.

It takes names as texts, and labels, affinities and tolerations as structures, and passes over those that are missing,
unless a claim is to be mounted. Where they are missing a DAG inside hands nothing on, and fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipec.backends.kfp.model import ParameterSpec, ParameterType
from pipec.backends.kfp.native import of_run
from pipec.compiler.capabilities import at_least
from pipec.ir import Parameter, Pipeline, uses
from pipec.ir.graph import reads, tasks, walk
from pipec.ir.literals import value_of

SINCE = "2.15"
"""The first version that passes over what is missing."""
STRUCTURES = {"nodeSelectorJson": ("STRUCT",), "nodeAffinityJson": ("STRUCT",), "tolerationJson": ("LIST", "STRUCT")}
ARGUMENTS = {
    "nodeSelectorJson": "`node_selector=Argument(...)`",
    "nodeAffinityJson": '`"nodeAffinityJson": Argument(...)`',
    "tolerationJson": "`tolerations=Argument(...)`",
}
"""The same settings by an argument of the step."""
KINDS: dict[str, ParameterType] = {"str": "STRING", "dict": "STRUCT", "list": "LIST"}


def kept(pipeline: Pipeline) -> dict[str, ParameterSpec]:
    """Parameter that settings alone are -> its definition; `str` parameters are what they are without it."""
    named = {name for task in tasks(pipeline) for name, _ in of_run(task.policy)}
    if not named:
        return {}
    read = {value for node in walk(pipeline.body) for value in reads(node)} | set(uses(pipeline.result))
    found: dict[str, ParameterSpec] = {}
    for parameter in pipeline.parameters:
        kind = KINDS.get(_base(parameter))
        missing = parameter.default is not None and value_of(parameter.default.source) is None
        if parameter.name in named - read and kind is not None and missing:
            about = ": ".join(part for part in (parameter.annotation, parameter.doc) if part)
            found[parameter.name] = ParameterSpec(parameter_type=kind, is_optional=True, description=about)
    return found


def problems(
    pipeline: Pipeline, named: list[tuple[str, str]], texts: set[str], version: str
) -> Iterator[tuple[str, str]]:
    """Parameter and reason, where a setting cannot be it; `texts`: those that are plain text."""
    own = kept(pipeline)
    told = pipeline.policy.on_failure is not None or pipeline.policy.on_success is not None
    for name, field in sorted(named):
        spec = own.get(name)
        if spec is not None and not at_least(version, SINCE):
            yield name, f"that {name!r} may be missing needs Kubeflow Pipelines {SINCE} or later; this is for {version}"
        elif field in STRUCTURES and (spec is None or spec.parameter_type not in STRUCTURES[field]):
            yield name, f"{name!r} is no parameter `dict | None = None` or `list | None = None` for settings alone"
        elif field not in STRUCTURES and name not in texts and (spec is None or spec.parameter_type != "STRING"):
            yield name, f"{name!r} is no `str` parameter of the pipeline"
        elif spec is not None and field == "pvcNameParameter":
            yield name, f"{name!r} may be missing, and the server mounts no claim without a name; make it `{name}: str`"
        elif spec is not None and told:
            advice = (
                f"hand it to the step, and write {ARGUMENTS[field]}" if field in ARGUMENTS else f"make it `{name}: str`"
            )
            yield name, f"{name!r} may be missing, which no pipeline with on_failure or on_success hands on; {advice}"


def _base(parameter: Parameter) -> str:
    """The type that a parameter has where it is not `None`."""
    text = parameter.annotation.strip("\"' ").removeprefix("typing.")
    optional = re.fullmatch(r"Optional\[(.*)\]", text)
    text = optional[1] if optional else text.removesuffix("| None").strip()
    return text.partition("[")[0].lower()
