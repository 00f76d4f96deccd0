"""Which imports, constants and fixed helpers a file needs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipec.backends.airflow.functions import Functions
from pipec.backends.airflow.names import steps_name
from pipec.compiler.pysource import rename_globals
from pipec.compiler.rendering import helper
from pipec.compiler.rendering import python_literal as py
from pipec.compiler.site import Site
from pipec.ir import Definition, Pipeline

REGION = re.compile(r"^ *# region (.*)$|^ *# endregion$", re.M)


@dataclass(frozen=True)
class Pieces:
    """The parts of a file that are not the pipeline's own."""

    constants: tuple[str, ...]
    helpers: tuple[str, ...]
    artifacts: bool


def pieces(pipeline: Pipeline, site: Site, functions: Functions) -> Pieces:
    """The fixed helpers that the task functions need."""
    wanted = functions.wanted
    has = _regions(functions, pipeline)
    texts: list[str] = []
    constants: list[str] = []
    if has["artifacts"] or "cached" in wanted:
        default = py(site.artifact_root) if site.artifact_root else 'f"file://{AIRFLOW_HOME}/artifacts"'
        constants.append(f'ARTIFACTS = ObjectStoragePath(os.environ.get("ARTIFACT_ROOT", {default}))')
    if wanted & {"isolated", "contained"}:
        constants.append(f"STEPS = Path(__file__).with_name({py(steps_name(pipeline.name))})")
    if "stored" in wanted:
        texts += [_piece("values.py", has), _piece("stored.py", has)]
    for name in ("classification", "artifacts", "files", "objects", "classes", "parquet", "npy"):
        if has[name]:
            texts.append(_piece(f"{name}.py", has))
    if "with_environment" in wanted:
        texts.append(_piece("environment.py", has))
    if "watched" in wanted:
        texts.append(_piece("watched.py", has))
    if "isolated" in wanted:
        texts.append(_piece("isolated.py", has))
    if "contained" in wanted:
        texts.append(_piece("container.py", has))
    if has["placed"]:
        texts.append(_piece("placed.py", has))
    if "cached" in wanted:
        texts.append(_piece("cache.py", has))
    for name in ("caught", "caught_sensor", "arrived", "argument", "uri_of"):
        if name in wanted:
            texts.append(_piece(f"{name}.py", has))
    if "pod" in wanted:
        texts.append(_piece("pod.py", has))
    return Pieces(tuple(constants), _named(texts, functions), has["artifacts"])


def helpers_of_steps(pipeline: Pipeline, functions: Functions) -> tuple[str, ...]:
    """The fixed helpers of the module with the code of isolated steps: those of the DAG file, with local paths."""
    has = _regions(functions, pipeline, isolated=True)
    texts = [_piece("values.py", has).replace("ObjectStoragePath", "Kept"), _piece("steps.py", has)]
    for name in ("classification", "objects", "classes", "parquet", "npy"):
        if has[name]:
            texts.append(_piece(f"{name}.py", has).replace("ObjectStoragePath", "Path"))
    if has["contained artifacts"]:
        texts.append(_piece("store.py", has))
    return _named(texts, functions)


def _named(texts: list[str], functions: Functions) -> tuple[str, ...]:
    """Helpers as they are called in this file."""
    names = {name: new for name, new in functions.helpers.items() if name != new}
    if names:
        texts = [rename_globals(text, names) for text in texts]
    return tuple(text.strip("\n") for text in texts)


def _regions(functions: Functions, pipeline: Pipeline, isolated: bool = False) -> dict[str, bool]:
    """Which regions of the helpers the task functions need; `isolated`: those in virtual environments of their own."""
    decorators = " ".join(d for draft in functions.drafts for d in draft.decorators)
    elsewhere = [draft for draft in functions.drafts if draft.isolated]
    drafts = elsewhere if isolated else [draft for draft in functions.drafts if not draft.isolated]
    own = " ".join(d for draft in drafts for d in draft.decorators)
    listed = any(draft.listed for draft in drafts)
    objects = any(f'"{form}"' in decorators for form in ("pickle", "parquet", "npy"))
    files = '"file"' in decorators
    artifacts = objects or files
    lazy = artifacts and "lazy=True" in decorators  # else nothing is there that could be fetched
    codecs = '"parquet"' in decorators or '"npy"' in decorators
    forms = re.findall(r'result=([\[({])|(?:\d|None), ([\[({])|"\w+", ([\[({])', own)
    classes = objects and any(_pickled_by_name(d, pipeline) for d in pipeline.definitions)
    outputs = "outputs=" in own
    caught = [draft for draft in functions.drafts if any("caught" in d for d in draft.decorators)]
    guarded = any("raise AirflowSkipException" in line for draft in caught for line in draft.body)
    limits = any("execution_timeout" in draft.options for draft in caught)
    steps = "message_of" in functions.wanted
    several = "several=True" in decorators
    found = {
        "artifacts": artifacts, "plain": not artifacts, "lazy": lazy, "eager": artifacts and not lazy,
        "files": files, "objects": objects, "files objects": files and objects, "files only": files and not objects,
        "objects only": objects and not files, "codecs": codecs, "pickles only": not codecs,
        "parquet": '"parquet"' in decorators, "npy": '"npy"' in decorators, "outputs": outputs,
        "classification": "classification=" in own, "select": outputs or "classification=" in own,
        "outputs plain": outputs and not artifacts, "outputs artifacts": outputs and artifacts,
        "discard": "result=None" in own, "listed": listed, "nested": bool(forms),
        "guarded": guarded, "limits": limits, "steps": steps, "no steps": not steps,
        "several": several, "single": not several,
        "classes": classes, "no classes": not classes,
        "airflow 3": functions.version >= (3, 0), "airflow 2": functions.version < (3, 0),
    }  # fmt: skip
    found |= _places(functions, isolated, objects, files)
    pods = " ".join(draft.options.get("executor_config", "") for draft in functions.drafts)
    found |= {
        "secrets": "secrets={" in pods, "shm": "shm=" in pods, "service accounts": "service_account=" in pods,
        "priority classes": "priority_class=" in pods,
    }  # fmt: skip
    found["pod metadata"] = bool(re.search(r"\b(labels|annotations)=\{", pods))
    found["no pod metadata"] = not found["pod metadata"]
    for kind in ("codecs", "pickles only"):
        found |= {f"{kind} {suffix}": found[kind] and found[suffix] for suffix in ("classes", "no classes")}
    return found


def _places(functions: Functions, isolated: bool, objects: bool, files: bool) -> dict[str, bool]:
    """The regions for steps that run elsewhere than in the worker's own process."""
    wanted = functions.wanted
    virtual, contained = "isolated" in wanted, "contained" in wanted
    inside = {
        draft.isolated.startswith(functions.helpers["contained"])
        for draft in functions.drafts
        if draft.isolated and any("outputs=" in d for d in draft.decorators)
    }
    artifacts = objects or files
    return {
        "isolated outputs": False in inside, "contained outputs": True in inside,
        "plain contained outputs": True in inside and not artifacts,
        "artifacts contained outputs": True in inside and artifacts,
        "isolated objects": isolated and objects and not contained,
        "isolated files": isolated and files and not contained,
        "contained objects": isolated and objects and contained, "contained files": isolated and files and contained,
        "contained artifacts": contained and artifacts, "containers": contained, "no containers": not contained,
        "mixed": virtual and contained, "contained only": contained and not virtual,
        "placed": artifacts and (virtual or contained), "pods": "pod_task" in wanted, "docker": "docker_task" in wanted,
    }  # fmt: skip


def _pickled_by_name(definition: Definition, pipeline: Pipeline) -> bool:
    """Whether pickles may hold a definition by its name: a class, or a function that other code hands on."""
    if definition.kind == "function":
        handed = re.compile(rf"\b{definition.names[0]}\b(?!\s*\()")
        others = (d for d in pipeline.definitions if definition.names[0] in (*d.eager, *d.lazy))
        return any(handed.search(d.source) for d in others if d is not definition)
    made = r"\bclass \w|\b(namedtuple|NamedTuple|\w*Enum|Flag|make_dataclass|type)\("
    return definition.kind == "class" or (definition.kind != "import" and bool(re.search(made, definition.source)))


def _piece(name: str, has: dict[str, bool]) -> str:
    """The text of a helper file with the regions that are needed; a region ends where the next one starts."""
    kept: list[str] = []
    keep = True
    for line in helper("airflow", name).splitlines():
        found = REGION.match(line)
        if found:
            keep = has[found[1]] if found[1] else True
        elif keep:
            kept.append(line)
    return "\n".join(kept)
