"""Exit handlers, and tasks that run although something before them failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.kfp.reading.dags import Node, data_of
from pipec.backends.kfp.reading.made import Made, Sinks
from pipec.backends.kfp.reading.values import Scope, Value, literal
from pipec.compiler.reading import Line, Nested, Statement

if TYPE_CHECKING:
    from pipec.backends.kfp.reading.blocks import Blocks


def exit_block(blocks: Blocks, node: Node, scope: Scope, sinks: Sinks) -> Made:
    """`node`, with what it runs after."""
    names = {member.name for member in node.members}
    data = [one for one in data_of(_alone(node)) if one[0] in names]
    if data or _wants_status(node):
        return _told(blocks, node, scope, sinks, data)
    tried = blocks.nodes(node.members, scope, {})
    last = blocks.task(node, scope, sinks)
    return Made(
        [Nested("try:", tuple(tried.statements)), Nested("finally:", tuple(last.statements))], last.handles, True
    )


def _told(blocks: Blocks, node: Node, scope: Scope, sinks: Sinks, data: list[tuple[str, str]]) -> Made:
    """An exit task that gets something of the tasks before it: their results, or how they have ended."""
    tried = blocks.nodes(node.members, scope, {})
    failure = blocks.names.local("failure", scope.own)
    error = blocks.names.local("error", scope.own)
    body: list[Statement] = [*tried.statements, Line(f'{failure} = ""')]
    handler: list[Statement] = [Line(f"{failure} = str({error})")]
    for task, output in dict.fromkeys(data):
        value = scope.outputs.get((task, output))
        if value is not None:
            handler.append(Line(f"{value.source} = {_default(node, task, output)}"))
    statements: list[Statement] = [Nested("try:", tuple(body)), Nested(f"except Exception as {error}:", tuple(handler))]
    producer = next((m.name for m in node.members), node.name)
    scope.parameters["\0status"] = Value(
        f'{{"state": "FAILED" if {failure} else "COMPLETE", "pipelineJobResourceName": run.name, '
        f'"pipelineTaskName": {literal(producer)}, "error": {{"message": {failure}}} if {failure} else {{}}}}',
        "STRUCT",
    )
    last = blocks.task(node, scope, sinks)
    del scope.parameters["\0status"]
    statements += last.statements
    statements.append(Nested(f"if {failure}:", (Line(f"raise PipelineFailed({failure})"),)))
    blocks.note(node).adapted.append("it is called behind a `try` that keeps what failed")
    if _wants_status(node):
        blocks.note(node).adapted.append(
            "how the tasks before it have ended is a dictionary, with the failure's text, which Kubeflow's server "
            "leaves out"
        )
    return Made(statements, last.handles, True)


def _alone(node: Node) -> Node:
    return Node(node.name, node.path, node.task, node.component)


def _wants_status(node: Node) -> bool:
    parameters = (node.task.get("inputs") or {}).get("parameters") or {}
    return any(source.get("taskFinalStatus") is not None for source in parameters.values())


def _default(node: Node, task: str, output: str) -> str:
    """What the exit task takes where the task before it has failed: the default of its input."""
    parameters = (node.task.get("inputs") or {}).get("parameters") or {}
    definitions = (node.component.get("inputDefinitions") or {}).get("parameters") or {}
    for name, source in parameters.items():
        made = source.get("taskOutputParameter")
        if made == {"producerTask": task, "outputParameterKey": output} and "defaultValue" in definitions.get(name, {}):
            return literal(definitions[name]["defaultValue"])
    return "None"
