"""How large what KFP hands over may be: documents, workflows, and what goes into one argument of a command."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipec.backends.kfp.lower import Lowered, is_raw
from pipec.backends.kfp.program import text_of
from pipec.compiler.diagnostics import Finding, Report
from pipec.compiler.diagnostics.target import TargetLimit, UnsupportedForm
from pipec.ir import Const, Group, Pipeline, Task
from pipec.ir.graph import walk

UPLOAD = 32 * 2**20
"""What a KFP server takes as one file, in bytes."""
WORKFLOW = 1_500 * 1024
"""What etcd takes as one object by default, in bytes; the status of the run comes on top."""
ARGUMENT = 126_000
"""What goes into one argument of a command, in bytes: Linux takes 131,072 (`MAX_ARG_STRLEN`), less for what KFP adds.

A driver gets the container of its task as one argument, in JSON; a task gets all its parameters as one.
"""


def fits(pipeline: Pipeline, made: Lowered, report: Report) -> bool:
    """Whether programs and constants are short enough to start a task at all; reports those that are not."""
    found = [*_programs(pipeline, made), *_constants(pipeline)]
    report.extend(found)
    return not found


def check(pipeline: Pipeline, made: Lowered, size: int, report: Report) -> None:
    """Report what a server, or what it stores workflows in, may not take. `size`: of the document, in bytes."""
    workflow = size + 12_800 * len(made.tasks) // 10
    if size > UPLOAD:
        report.add(TargetLimit(pipeline.span, "kfp", f"the file has {size} bytes; a server takes {UPLOAD}"))
    elif workflow > WORKFLOW:
        limit = f"about {workflow // 1024} KiB as an Argo workflow; etcd takes {WORKFLOW // 1024} KiB by default"
        report.add(TargetLimit(pipeline.span, "kfp", limit))


def _programs(pipeline: Pipeline, made: Lowered) -> Iterator[Finding]:
    for name, (text, place) in made.programs.items():
        if (size := _size(text)) > ARGUMENT:
            reason = f"its program has {size:,} bytes, and a command takes {ARGUMENT:,}; read large texts from a store"
            yield UnsupportedForm(place or pipeline.span, "kfp", name, reason)


def _constants(pipeline: Pipeline) -> Iterator[Finding]:
    advice = f"{ARGUMENT:,} go into a command; let a step read it from a store, and hand it on"
    for parameter in pipeline.parameters:
        if parameter.default is not None:
            source = parameter.default.source
            if (size := _size(source if is_raw(parameter) else text_of(source))) > ARGUMENT:
                reason = f"the default of {parameter.name!r} has {size:,} bytes, and {advice}"
                yield UnsupportedForm(parameter.span, "kfp", pipeline.name, reason)
    for node in walk(pipeline.body):
        match node:
            case Task():
                name, given = node.site.step, list(node.args.values())
            case Group():
                name, given = node.name, [argument.expr for argument in node.args]
            case _:
                continue
        if (size := sum(_size(text_of(expr.source)) for expr in given if isinstance(expr, Const))) > ARGUMENT:
            reason = f"its constant arguments have {size:,} bytes, and {advice}"
            yield UnsupportedForm(node.span, "kfp", name, reason)


def _size(text: str) -> int:
    """The bytes of `text` in JSON."""
    return len(json.dumps(text, ensure_ascii=False).encode(errors="surrogatepass"))
