"""A pipeline as the YAML file that a KFP server and kfp.local load."""

from __future__ import annotations

import contextlib
import gc
import math
import re
from collections.abc import Iterator

from pipec.backends.kfp import given, limits, native, of_run, recurring, sdk, sdk_tasks
from pipec.backends.kfp.clashes import without_clashes
from pipec.backends.kfp.emit import comment, document
from pipec.backends.kfp.foreign import refusals
from pipec.backends.kfp.forms import none_test
from pipec.backends.kfp.lower import Lowered, is_raw, lower
from pipec.backends.kfp.model import plain
from pipec.backends.kfp.program import UnwritableError
from pipec.backends.kfp.references import references
from pipec.backends.kfp.retention import retention_rule
from pipec.compiler.backend import Bundle, kubernetes, lifecycle
from pipec.compiler.backend.filenames import file_stem
from pipec.compiler.capabilities import load
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.risk import BareImage
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting, UnsupportedForm
from pipec.compiler.passes.outline import Place, outline
from pipec.compiler.passes.soften import soften
from pipec.compiler.site import Site
from pipec.ir import Block, Code, Parallel, Pipeline, PipelinePolicy, Task, TaskPolicy, uses
from pipec.ir.graph import reads, tasks, walk

OUTLINED: frozenset[Place] = frozenset({"conditions", "items", "results", "phis", "arguments"})
"""Places whose expressions KFP cannot evaluate."""


def lowered(pipeline: Pipeline, image: str) -> Lowered:
    """`pipeline` in KFP's words."""
    pipeline = without_clashes(soften(pipeline))
    messages = {getattr(node, "caught", None) for node in walk(pipeline.body)} - {None}

    def keep(code: Code, place: Place) -> bool:
        """What may fail tells itself whether it has."""
        return place == "conditions" and none_test(code) in messages

    return lower(outline(pipeline, OUTLINED, keep), image)


def build(pipeline: Pipeline, site: Site, report: Report) -> Bundle | None:
    """The files; `None` where a container step is refused."""
    version = load(native.TARGET).version(site)
    kubernetes.check(pipeline, native.TARGET, site, report)
    _check_native(pipeline, version, report)
    _natives_fit(pipeline, version, report)
    if not _containers_fit(pipeline, report) or any(f.severity == "error" and f.about == "kfp" for f in report):
        return None
    try:
        with _no_collector():
            made = lowered(pipeline, site.image)
    except UnwritableError as error:
        report.add(UnsupportedForm(error.span or pipeline.span, "kfp", error.subject or pipeline.name, str(error)))
        return None
    if not limits.fits(pipeline, made, report):
        return None
    with _no_collector():
        text = header(pipeline) + document(plain(made.spec))
        if made.platform is not None:
            text += "---\n" + document(plain(made.platform))
    limits.check(pipeline, made, len(text.encode()), report)
    _check(pipeline, report)
    _check_cache(made, report)
    _check_images(pipeline, site, report)
    stem = re.sub(r"\W", "_", file_stem(pipeline.name))
    name = f"{stem}.yaml"
    beside = {
        f"{stem}{recurring.ENDING}": recurring.recurring_run(pipeline, name, report),
        f"{stem}{lifecycle.ENDING}": retention_rule(pipeline, made, report),
    }
    return Bundle({name: text} | {file: text for file, text in beside.items() if text is not None}, name)


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """A large pipeline is a tree of many live objects: looking for garbage in it takes half of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def header(pipeline: Pipeline) -> str:
    """What a reader of the file should know first."""
    lines = [f"{pipeline.name}: compiled by pipec from {pipeline.file}; change that file and build again."]
    if pipeline.doc:
        lines += ["", *pipeline.doc.splitlines()]
    lines += [
        "",
        "Values travel as STRING parameters that hold exact JSON (KFP would make every number a double), for example",
        'rows = 500, rates = [0.1, 1.0], flag = true. What JSON cannot hold is tagged, for example {"$float": "nan"}.',
        "Long values, objects and files travel as artifacts.",
    ]
    if pipeline.parameters:
        lines += ["", "Parameters:"]
        for p in pipeline.parameters:
            default = f" = {_shortened(p.default.source)}" if p.default is not None else ""
            about = " (plain text)" if is_raw(p) else ""
            lines.append(f"  {p.name}: {p.annotation or 'any'}{default}{about}")
    return comment([line.rstrip() for line in lines])


def _shortened(source: str) -> str:
    """A long literal for people: the document has all of it."""
    return source if len(source) <= 1000 else f"{source[:100]}..."


def _containers_fit(pipeline: Pipeline, report: Report) -> bool:
    """Whether KFP can run the container steps as they are; reports what it cannot."""
    if not any(component.container for component in pipeline.components):
        return True
    softened, fine = soften(pipeline), True
    for task in tasks(softened):
        container = softened.component(task.component).container
        for reason in refusals(task, container) if container is not None else ():
            report.add(UnsupportedForm(task.span, "kfp", task.site.step, reason))
            fine = False
    return fine


def _natives_fit(pipeline: Pipeline, version: str, report: Report) -> None:
    """Report native steps in words that are not known, and calls of them that Kubeflow cannot run."""
    read = {value for node in walk(pipeline.body) for value in reads(node)} | set(uses(pipeline.result))
    for task in tasks(soften(pipeline)):
        component = pipeline.component(task.component)
        if component.native is None or component.native.target != native.TARGET:
            continue
        try:
            words = sdk.read(component.native, pipeline.definitions)
        except sdk.UnknownWordsError as error:
            report.add(UnsupportedForm(component.span, "kfp", task.site.step, str(error)))
            continue
        for reason in sdk_tasks.refusals(task, component.native, words, read, version):
            report.add(UnsupportedForm(task.span, "kfp", task.site.step, reason))


def _check_native(pipeline: Pipeline, version: str, report: Report) -> None:
    native.check(pipeline.policy, pipeline.name, version, report)
    texts = {p.name for p in pipeline.parameters if is_raw(p)}
    outer = {task.id for task in _outer(pipeline.body)}
    for task in tasks(pipeline):
        native.check(task.policy, task.site.step, version, report)
        for setting, reason in given.problems(pipeline, task):
            report.add(RefusedSetting(task.policy.span(setting), native.TARGET, task.site.step, setting, reason))
        named = native.of_run(task.policy)
        wrong = dict(of_run.problems(pipeline, named, texts, version))
        if task.id not in outer:
            wrong = {name: f"{name!r} is out of reach in a loop, a branch or a group" for name, _ in named} | wrong
        for _, reason in sorted(wrong.items()):
            _refuse(task, reason, report)
    for reference in references(pipeline):
        if reference.problem:
            _refuse(reference.task, reference.problem, report)


def _refuse(task: Task, reason: str, report: Report) -> None:
    report.add(RefusedSetting(task.policy.span("targets"), native.TARGET, task.site.step, "targets", reason))


def _outer(block: Block) -> Iterator[Task]:
    """The tasks of the pipeline's own DAG."""
    for node in block.nodes:
        if isinstance(node, Task):
            yield node
        elif isinstance(node, Parallel):
            yield from _outer(node.body)


def _check_images(pipeline: Pipeline, site: Site, report: Report) -> None:
    """Steps that import libraries in the default image, which is a bare Python."""
    if site.own_image is not None:
        return
    libraries = {name: d.distribution for d in pipeline.definitions if d.distribution for name in d.names}
    for component in pipeline.components:
        needed = tuple(sorted({libraries[name] for name in component.code if name in libraries}))
        if needed and component.image is None and not component.packages:
            report.add(BareImage(component.span, "kfp", component.name, needed, site.image))


def _check_seconds(policy: TaskPolicy | PipelinePolicy, subject: str, report: Report) -> None:
    timeout = policy.timeout
    if timeout is not None and timeout != math.ceil(timeout):
        loss = f"{timeout:g} s becomes {math.ceil(timeout)} s: Kubernetes counts whole seconds"
        report.add(LossySetting(policy.span("timeout"), "kfp", subject, "timeout", loss))


def _check_cache(made: Lowered, report: Report) -> None:
    for task in made.missing:
        loss = "it takes an artifact of a loop or a branch, which is another one in each run: no result is found again"
        report.add(LossySetting(task.policy.span("cache"), "kfp", task.site.step, "cache", loss))


def _check_hooks(policy: PipelinePolicy, subject: str, report: Report) -> None:
    if policy.on_failure is not None and policy.timeout is not None:
        loss = "nobody is told of a run that its time limit ends, since the pod that would tell is ended with it"
        report.add(LossySetting(policy.span("on_failure"), "kfp", subject, "on_failure", loss))


def _check(pipeline: Pipeline, report: Report) -> None:
    _check_seconds(pipeline.policy, pipeline.name, report)
    _check_hooks(pipeline.policy, pipeline.name, report)
    for task in tasks(pipeline):
        _check_seconds(task.policy, task.site.step, report)
        retry = task.policy.retry
        if retry is not None and retry.backoff is not None and retry.backoff != math.ceil(retry.backoff):
            loss = f"a backoff of {retry.backoff:g} becomes {math.ceil(retry.backoff)}: Argo takes whole factors"
            report.add(LossySetting(task.policy.span("retries"), "kfp", task.site.step, "retries", loss))
        for setting, seconds in (("delay", retry.delay),) if retry else ():
            if seconds is not None and seconds != math.ceil(seconds):
                loss = f"{setting} of {seconds:g} s becomes {math.ceil(seconds)} s: KFP counts whole seconds"
                report.add(LossySetting(task.policy.span("retries"), "kfp", task.site.step, "retries", loss))
