"""One run of a DAG file by `dag.test()` in this process, watched."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipec.backends.airflow import standins
from pipec.backends.airflow.compile import Compiled, compiled
from pipec.backends.airflow.failures import TEMPLATES
from pipec.backends.airflow.output import captured
from pipec.backends.airflow.pipeline import packed_value
from pipec.backends.airflow.report import Progress
from pipec.compiler.backend import results
from pipec.compiler.backend.protocol import DoneEvent, Event, RunRequest
from pipec.compiler.site import Site
from pipec.ir import Const, Pipeline, Ref
from pipec.ir.literals import value_of

_WARM = """
from airflow.sdk import DAG, task


@task
def items():
    return [1]


@task
def one(x):
    return x


@task.branch
def choose(x):
    return "last"


@task
def last():
    return 1


with DAG("warm", schedule=None):
    choose(one.expand(x=items())) >> last()
"""

Emit = Callable[[Event], None]
_KEPT: list[Any] = []
"""What has to outlive the warming up."""

_MODULES = (
    "airflow.sdk", "airflow.dag_processing.dagbag", "airflow.utils.db", "airflow.models.xcom", "airflow.models.dagrun",
    "airflow.sdk.execution_time.supervisor", "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.xcom", "airflow.api_fastapi.execution_api.app", "airflow.utils.session",
    "airflow.dag_processing.bundles.manager",
    "airflow.serialization.serialized_objects", "airflow.models.serialized_dag", "airflow.dag_processing.collection",
    "airflow.providers.standard.decorators.branch_python", "airflow.providers.standard.decorators.short_circuit",
    "airflow.providers.standard.operators.empty", "airflow.jobs.job", "a2wsgi", "pipec.backends.airflow.branches",
)  # fmt: skip


def preload() -> None:
    """Import what every run needs."""
    warnings.simplefilter("ignore")
    for name in _MODULES:
        importlib.import_module(name)


def warm(home: Path) -> None:
    """Run a small DAG: the first one pays for building Airflow's API, and forks then inherit it."""
    from airflow import settings
    from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.execution_time import supervisor

    workdir = home / "warm"
    _configure(workdir, home, workdir)
    file = workdir / "dags" / "warm.py"
    file.write_text(_WARM)
    with open(home / "warm.log", "w") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        DagBag(str(file)).dags["warm"].test()
    first = supervisor.in_process_api_server()
    _KEPT.append(first)  # once it is gone, it takes the services of the application with it
    supervisor.in_process_api_server.cache_clear()  # its thread does not live on in a fork; the application does
    fresh = InProcessExecutionAPI()
    fresh._app = first.app
    supervisor.in_process_api_server = lambda: fresh
    settings.dispose_orm()
    gc.collect()
    gc.freeze()  # a run, which is a fork, need not look through all of this for garbage


def execute(request: RunRequest, home: Path, emit: Emit) -> DoneEvent:
    """Run the DAG of `request` and tell how it went."""
    workdir = Path(request.workdir)
    _configure(workdir, home, Path(request.cache) if request.cache else workdir)
    pipeline = Pipeline.model_validate_json(Path(request.pipeline).read_text(encoding="utf-8"))
    made = compiled(pipeline, Site(versions=request.versions))
    shutil.copytree(request.bundle, workdir / "dags", dirs_exist_ok=True)
    from airflow.dag_processing.dagbag import DagBag

    if made.steps is not None and made.steps.containers:
        from airflow.sdk import BaseOperator

        standins.install(BaseOperator)
    file = workdir / "dags" / request.main
    bag = DagBag(str(file))
    if bag.import_errors or not bag.dags:
        errors = "\n".join(map(str, bag.import_errors.values())) or f"no DAG in {request.main}"
        return DoneEvent(status="failed", error=f"Airflow cannot import the DAG file:\n{errors}", fault=True)
    dag = next(iter(bag.dags.values()))
    module = sys.modules[dag.tasks[0].python_callable.__module__] if dag.tasks else None
    _without_delays(dag)
    _without_callbacks(dag)
    if module is not None and made.steps is not None:
        vars(module)[made.lowering.functions.helpers["virtualenv"]] = lambda python, requirements: sys.executable
    given: Any = value_of(request.params)
    conf = {name: packed_value(value) for name, value in given.items()}
    _widen(dag, conf)
    progress = Progress(made, emit)
    with captured(progress.heard), progress.watching():
        finished = dag.test(run_conf=conf)
    progress.finish(finished)
    if str(finished.state).rpartition(".")[2].lower() != "success":
        return DoneEvent(status="failed", error=progress.error(str(finished.state)))
    if module is not None:
        sys.modules[module.__name__] = module
    scratch = workdir / "result"
    scratch.mkdir()
    os.chdir(scratch)
    results.save(_result(made, given, finished, module), request.result)
    return DoneEvent(status="succeeded")


def _configure(workdir: Path, home: Path, store: Path) -> None:
    """Point Airflow at the folder of this run."""
    for name in ("home", "tmp", "dags"):
        (workdir / name).mkdir(parents=True, exist_ok=True)
    database = workdir / "airflow.db"
    shutil.copyfile(home / "template.db", database)
    os.environ.update(
        AIRFLOW_HOME=str(workdir),
        AIRFLOW__CORE__DAGS_FOLDER=str(workdir / "dags"),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{database}",
        AIRFLOW__LOGGING__BASE_LOG_FOLDER=str(workdir / "logs"),
        ARTIFACT_ROOT=(store / "airflow").as_uri(),
        HOME=str(workdir / "home"),
        TMPDIR=str(workdir / "tmp"),
    )
    import tempfile

    tempfile.tempdir = None
    from airflow import settings

    settings.dispose_orm()
    settings.configure_vars()
    settings.configure_orm()
    logging.getLogger("airflow").setLevel(logging.ERROR)


def _without_delays(dag: Any) -> None:
    for task in dag.tasks:  # dag.test() really sleeps between attempts, and between the looks of a sensor
        if hasattr(task, "poke_interval"):
            task.poke_interval = min(task.poke_interval, 0.2)
        if hasattr(task, "partial_kwargs"):
            task.partial_kwargs["retry_delay"] = timedelta(0)
        else:
            task.retry_delay = timedelta(0)


def _without_callbacks(dag: Any) -> None:
    """Somebody else is told by them, and nobody is to be told of a run here."""
    dag.on_failure_callback = dag.on_success_callback = None
    for task in dag.tasks:
        options = getattr(task, "partial_kwargs", None)
        if options is not None:
            options.pop("on_failure_callback", None)
        elif task.on_failure_callback:
            task.on_failure_callback = []


def _widen(dag: Any, conf: dict[str, Any]) -> None:
    """Let tagged values through whose parameters only take what JSON can hold."""
    for name, value in conf.items():
        if isinstance(value, dict) and next(iter(value), "").startswith("$"):
            for holder in (dag, *dag.tasks):
                if name in holder.params:
                    holder.params.get_param(name).schema.pop("type", None)


def _rendered(template: str, finished: Any) -> str:
    """What of a run Airflow renders in arguments."""
    if template == TEMPLATES["id"]:
        return str(finished.run_id)
    if template == TEMPLATES["name"]:
        return f"{finished.dag_id}/{finished.run_id}"
    return str((finished.logical_date or finished.run_after).date())


def _result(made: Compiled, given: dict[str, Any], finished: Any, module: Any) -> Any:
    """What the pipeline returns, loaded."""
    low, expr = made.lowering, made.pipeline.result
    if not isinstance(expr, Ref):
        return value_of(expr.source) if isinstance(expr, Const) else None
    bound = low.env[expr.value]
    if bound.const is not None:
        return value_of(bound.const)
    if bound.template:
        return _rendered(bound.template, finished)
    if bound.param:
        defaults = {p.name: p.default for p in made.pipeline.parameters}
        default = defaults[bound.param]
        return given[bound.param] if bound.param in given or default is None else value_of(default.source)
    assert bound.node is not None and module is not None
    from pipec.backends.airflow.report import xcoms

    found = xcoms(finished, bound.node.id, bound.key or "return_value")
    load = vars(module)[made.loader]
    if bound.node.loop is not None:
        return [load(found[i]) for i in sorted(found)]
    return load(found.get(-1))
