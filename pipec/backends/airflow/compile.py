"""IR -> the model of a whole DAG file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipec.backends.airflow import contained, finish, isolation, operators
from pipec.backends.airflow.addresses import outlined
from pipec.backends.airflow.checks import check
from pipec.backends.airflow.clashes import without_clashes
from pipec.backends.airflow.dotted import put_in_groups
from pipec.backends.airflow.emit import emit_steps, own_text
from pipec.backends.airflow.functions import Functions
from pipec.backends.airflow.imports import needed_imports
from pipec.backends.airflow.lower import Lowering
from pipec.backends.airflow.model import DagFile, StepsFile
from pipec.backends.airflow.names import AIRFLOW, HELPERS, Names
from pipec.backends.airflow.nesting import Nesting, flattened
from pipec.backends.airflow.pieces import pieces
from pipec.backends.airflow.pipeline import params, settings
from pipec.backends.airflow.retention import retention_rule
from pipec.backends.airflow.values import facts_of
from pipec.compiler.capabilities import load, numbers
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import UnsupportedForm
from pipec.compiler.passes import outline
from pipec.compiler.passes.hoist import hoisted
from pipec.compiler.passes.soften import soften
from pipec.compiler.pysource.lazy import user_code
from pipec.compiler.site import Site
from pipec.ir import Pipeline


@dataclass(frozen=True)
class Compiled:
    """A DAG file, and how its tasks belong to the pipeline."""

    file: DagFile
    lowering: Lowering
    pipeline: Pipeline
    """After the legalising passes."""
    nesting: Nesting
    artifacts: bool
    """Whether the file has an artifact store."""
    steps: StepsFile | None = None
    """The module beside it, where steps run elsewhere than in the worker's own process."""
    rule: str | None = None
    """The lifecycle rule beside it, where artifacts are kept for a time."""

    @property
    def loader(self) -> str:
        """The function of the file that gives back what a task has handed on."""
        name = "fetch" if self.artifacts else "from_xcom"
        return self.lowering.functions.helpers.get(name, name)


def compile_file(pipeline: Pipeline, site: Site, report: Report) -> Compiled | None:
    """The DAG file of `pipeline`, and what stands beside it; `None` where a finding refuses it."""
    before = len(report.findings)
    check(pipeline, site, _version(site), report)
    rule = retention_rule(pipeline, site, report)
    if any(f.severity == "error" for f in report.findings[before:]):
        return None
    made = compiled(pipeline, site)
    if made.steps is not None and made.steps.containers and (limit := contained.too_large(emit_steps(made.steps))):
        report.add(UnsupportedForm(pipeline.span, "airflow", pipeline.name, limit))
        return None
    return replace(made, rule=rule)


def compiled(pipeline: Pipeline, site: Site) -> Compiled:
    """Lower `pipeline`."""
    legal = hoisted(without_clashes(outlined(soften(pipeline))))
    pipeline, nesting = flattened(outline(legal, {"results", "arguments"}))
    version = _version(site)
    names = Names(AIRFLOW | HELPERS | {n for d in pipeline.definitions for n in d.names} | _globals(pipeline))
    facts = facts_of(pipeline)
    functions = Functions(pipeline, names, facts, version, site.image)
    low = Lowering(pipeline, names, functions, facts)
    low.run()
    put_in_groups(low)
    dag = settings(pipeline, version, functions)
    user = user_code(isolation.left(pipeline))
    outside, inside = finish.orders(low)
    code = finish.code(low, user)
    result = finish.result(low)
    body = finish.items(low, outside, inside)
    made = pieces(pipeline, site, functions)
    file = DagFile(
        doc=_doc(pipeline), imports=(*user.imports, *operators.imports(pipeline)),
        typing_imports=tuple(user.typing_imports), constants=made.constants, helpers=made.helpers, code=code,
        settings=dag, params=params(pipeline), body=body, result=result,
    )  # fmt: skip
    return Compiled(
        file.model_copy(update={"imports": (*file.imports, *needed_imports(own_text(file), version))}),
        low,
        pipeline,
        nesting,
        made.artifacts,
        isolation.steps_file(pipeline, functions, version),
    )


def _version(site: Site) -> tuple[int, int]:
    major, minor, *_ = numbers(load("airflow").version(site))
    return major, minor


def _globals(pipeline: Pipeline) -> set[str]:
    """Names in the user's code: a variable of ours must not stand for one that a function looks up as a global."""
    return {word for d in pipeline.definitions for word in re.findall(r"[^\W\d]\w*", d.source)} & _ambient()


def _ambient() -> set[str]:
    import builtins

    return set(dir(builtins))


def _doc(pipeline: Pipeline) -> str:
    """What the file says of itself, and the DAG in Airflow: of `description` there is only one line."""
    doc = pipeline.doc.strip()
    if pipeline.module_doc and "\n" in doc:
        return f"{pipeline.module_doc.rstrip()}\n\n{doc}\n"
    return pipeline.module_doc or pipeline.doc or pipeline.name
