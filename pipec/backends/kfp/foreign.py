"""Container steps as KFP's own container components: placeholders for the values and files of the command line.

A container takes text and files as they are, so a small task before it turns what travels as pipec's JSON into plain
text. What it writes is read as plain text, or as JSON where the output is no `str`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pipec.backends.kfp.given import direct, plain_text, settled
from pipec.backends.kfp.parts import Glue
from pipec.backends.kfp.program import SUBSTITUTED, has_placeholder, quoted, schema_title
from pipec.backends.kfp.references import give
from pipec.backends.kfp.scope import Handle, Scope
from pipec.backends.kfp.settings import caching, retry_policy
from pipec.backends.kfp.telling import tell
from pipec.backends.kfp.windows import keys
from pipec.ir import (
    Component,
    Const,
    Container,
    ContainerArgument,
    ContainerOutput,
    ContainerSlot,
    FileType,
    Task,
)

if TYPE_CHECKING:
    from pipec.backends.kfp.containers import Containers

STRUCTURED = re.compile(r'\s*\{\s*"(?:Concat|IfPresent)"\s*:')
"""What KFP's launcher takes for an expression of its own in an element of a command line."""
EXPANDED = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
"""What Kubernetes replaces, where the container has such a variable; and it makes `$` of `$$`."""


def container_task(containers: Containers, node: Task, step: Component, scope: Scope, after: tuple[str, ...]) -> None:
    """One call of a container step."""
    lowering, container = containers.lowering, step.container
    assert container is not None
    files = {s.port for s in container.slots if s.form in ("input_path", "uri")}
    inputs = _inputs(containers, node, files, scope) | keys(lowering, node.policy)
    outputs = {o.name: _output(o) for o in container.outputs}
    command, args = (_texts(texts, container) for texts in (container.command, container.args))
    settings = settled(containers, node, scope, node.policy, {name: name for name in inputs})
    component = lowering.parts.foreign(step, inputs, outputs, (command, args), settings)
    name = containers.name(node.id)
    lowering.names[name] = node.id
    if node.policy.cache:
        lowering.cached.add(name)
    task = scope.add(name, component, inputs, (*after, *settings.after))
    give(lowering, node, step, scope, name)
    tell(containers, node, name, scope)
    task.caching_options = caching(node.policy)
    task.retry_policy = retry_policy(node.policy.retry)
    for output in node.outputs:
        if output.id in containers.forms.used:
            made = container.outputs[output.select if isinstance(output.select, int) else 0]
            handle = outputs[made.name]
            lowering.define(output.id, Handle(handle.kind, output.id, scope, name, made.name, schema=handle.schema))


def _output(output: ContainerOutput) -> Handle:
    if isinstance(output.type, FileType):
        return Handle("file", output.name, key=output.name, schema=schema_title(output.type))
    return Handle("raw" if output.is_text else "text", output.name, key=output.name)


# --- the command line


def _texts(texts: tuple[ContainerArgument, ...], container: Container) -> list[str]:
    outputs = {o.name: o for o in container.outputs}
    return ["".join(p if isinstance(p, str) else _placeholder(p, outputs) for p in text.parts) for text in texts]


def _placeholder(slot: ContainerSlot, outputs: dict[str, ContainerOutput]) -> str:
    """KFP's own placeholder, as its SDK writes it."""
    match slot.form:
        case "uri":
            side = "outputs" if slot.port in outputs else "inputs"
            return f"{{{{$.{side}.artifacts['{slot.port}'].uri}}}}"
        case "input_path":
            return f"{{{{$.inputs.artifacts['{slot.port}'].path}}}}"
        case "output_path" if not isinstance(outputs[slot.port].type, FileType):
            return f"{{{{$.outputs.parameters['{slot.port}'].output_file}}}}"
        case "output_path":
            return f"{{{{$.outputs.artifacts['{slot.port}'].path}}}}"
        case _:
            return f"{{{{$.inputs.parameters['{slot.port}']}}}}"


def replaced(container: Container, names: set[str]) -> list[str]:
    """Text of the command line that KFP, Argo or Kubernetes would replace; `names` are environment variables."""
    found: list[str] = []
    for text in (*container.command, *container.args):
        whole = "".join(p if isinstance(p, str) else "\0" for p in text.parts)
        if STRUCTURED.match(whole):
            found.append(whole.replace("\0", "..."))
        found += [whole[m.start() :][:20] for m in SUBSTITUTED.finditer(whole) if m[0] == "{"]
        found += [m[0] for m in EXPANDED.finditer(whole) if m[1] in names or m[1].startswith("KFP_")]
        found += ["$$"] if "$$" in whole else []
    return found


# --- what goes in


def _inputs(containers: Containers, node: Task, files: set[str], scope: Scope) -> dict[str, Handle]:
    """Port -> what it gets: directly, or from a small task that turns it into plain text or a file."""
    found: dict[str, Handle] = {}
    glue = Glue(f"arguments-of-{node.id}")
    for port, expr in node.args.items():
        known = direct(containers, expr, port in files)
        if known is not None:
            found[port] = known
            continue
        source = containers.operand(glue, expr, scope)
        if port in files:
            glue.lines.append(f"kfp_store(task, {quoted(port)}, {source}, kfp_found)")
            glue.give(port, "artifact", "")  # no value of the pipeline's
        else:
            hint = quoted(f"the input {port!r} of {node.site.step!r}")
            glue.lines.append(f"kfp_result(task, {quoted(port)}, kfp_plain({source}, {hint}))")
            glue.give(port, "raw", "")
    if glue.outputs:
        outputs = dict(glue.outputs)
        name = containers.place(glue, scope, ())
        found |= {p: Handle(h.kind, p, scope, name, h.key, schema=h.schema) for p, h in outputs.items()}
    return {port: found[port] for port in node.args}


def refusals(node: Task, container: Container) -> list[str]:
    """What keeps a call from running on KFP, in words."""
    found: list[str] = []
    if not container.command:
        found.append("KFP starts the command itself, not the image's entry point: write it as `command=[...]`")
    if container.command and any(getattr(p, "form", "") == "input_path" for p in container.command[0].parts):
        found.append("KFP fills in no path in the first element of a command: begin with a program")
    for text in replaced(container, {*node.policy.env, *node.policy.secrets}):
        found.append(f"KFP, Argo or Kubernetes would replace {json.dumps(text)} in the command line")
    for name, value in node.policy.env.items():
        if has_placeholder(value):
            found.append(f"KFP or Argo would replace {json.dumps(value)} in the variable {name!r}")
    for port, expr in node.args.items():
        if isinstance(expr, Const) and plain_text(expr.source) is None:
            found.append(f"{port} = {expr.source} cannot be text on a command line, or KFP would replace some of it")
    if node.caught is not None:
        found.append("a container that fails ends the run: nothing in a `try` can catch it")
    return found
