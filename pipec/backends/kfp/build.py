"""A pipeline as the YAML file that a KFP server and kfp.local load."""

from __future__ import annotations

import math

from pipec.backends.kfp.emit import comment, document
from pipec.backends.kfp.lower import Lowered, lower
from pipec.backends.kfp.model import plain
from pipec.compiler.backend import Bundle
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, TargetLimit
from pipec.compiler.passes.outline import outline
from pipec.compiler.site import Site
from pipec.ir import Pipeline
from pipec.ir.graph import tasks

OUTLINED = {"conditions", "items", "results", "phis", "arguments"}
"""Places whose expressions KFP cannot evaluate."""
UPLOAD = 32 * 2**20
"""What a KFP server takes as one file, in bytes."""


def lowered(pipeline: Pipeline, image: str) -> Lowered:
    """`pipeline` in KFP's words."""
    return lower(outline(pipeline, OUTLINED), image)


def build(pipeline: Pipeline, site: Site, report: Report) -> Bundle:
    """The files."""
    made = lowered(pipeline, site.image)
    _check(pipeline, made, report)
    text = header(pipeline) + document(plain(made.spec))
    if made.platform is not None:
        text += "---\n" + document(plain(made.platform))
    if len(text.encode()) > UPLOAD:
        report.add(TargetLimit(pipeline.span, "kfp", f"the file has {len(text)} bytes; a server takes {UPLOAD}"))
    name = f"{pipeline.name.replace('-', '_')}.yaml"
    return Bundle({name: text}, name)


def header(pipeline: Pipeline) -> str:
    """What a reader of the file should know first."""
    lines = [f"{pipeline.name}: compiled by pipec from {pipeline.file}; change that file and build again."]
    if pipeline.doc:
        lines += ["", *pipeline.doc.splitlines()]
    lines += [
        "",
        "Values travel as STRING parameters that hold exact JSON (KFP would make every number a double), for example",
        'rows = 500, name = "digits", flag = true. What JSON cannot hold is tagged, for example {"$float": "nan"}.',
        "Long values, objects and files travel as artifacts.",
    ]
    if pipeline.parameters:
        lines += ["", "Parameters:"]
        for p in pipeline.parameters:
            default = f" = {p.default.source}" if p.default is not None else ""
            about = " (plain text)" if p.annotation.strip("\"'") == "str" else ""
            lines.append(f"  {p.name}: {p.annotation or 'any'}{default}{about}")
    return comment([line.rstrip() for line in lines])


def _check(pipeline: Pipeline, made: Lowered, report: Report) -> None:
    for name, size in made.oversized:
        limit = f"the program of component {name!r} has {size} bytes, and Linux takes about 131,000 in a command"
        report.add(TargetLimit(pipeline.span, "kfp", limit))
    for task in tasks(pipeline):
        timeout = task.policy.timeout
        if timeout is not None and timeout != math.ceil(timeout):
            loss = f"{timeout:g} s becomes {math.ceil(timeout)} s: Kubernetes counts whole seconds"
            report.add(LossySetting(task.policy.span("timeout"), "kfp", task.site.step, "timeout", loss))
        retry = task.policy.retry
        for setting, seconds in (("delay", retry.delay), ("max_delay", retry.max_delay)) if retry else ():
            if seconds is not None and seconds != math.ceil(seconds):
                loss = f"{setting} of {seconds:g} s becomes {math.ceil(seconds)} s: KFP counts whole seconds"
                report.add(LossySetting(task.policy.span("retries"), "kfp", task.site.step, "retries", loss))
