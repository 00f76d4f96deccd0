"""The picture of a pipeline as text: tasks, what they wait for, and the loops, branches and groups around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipec.api.boxes import boxes_of, small
from pipec.api.dependence import Dependence
from pipec.api.pictures import html, svg
from pipec.ir import Block, Pipeline, Task
from pipec.ir.graph import walk


def draw(pipeline: Pipeline, form: str) -> str:
    """`pipeline` in one of `FORMATS`."""
    return FORMATS[form](pipeline)


def arrows(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """What waits directly for what; arrows that others imply are left out."""
    found = Dependence.of(pipeline)
    before = {id_: found.before(id_) for id_ in found.needs}
    ids = [node.id for node in walk(pipeline.body) if node.id in found.needs]
    for id_ in ids:
        needs = found.needs[id_]
        for other in ids:
            if other in needs and not any(other in before[third] for third in needs):
                yield other, id_


def _mermaid(pipeline: Pipeline) -> str:
    lines = ["flowchart TD"]
    _mermaid_block(pipeline.body, 1, lines)
    lines += [f"    {a} --> {b}" for a, b in arrows(pipeline)]
    return "\n".join(lines) + "\n"


def _mermaid_block(block: Block, depth: int, lines: list[str]) -> None:
    indent = "    " * depth
    for node in block.nodes:
        if isinstance(node, Task):
            lines.append(f'{indent}{node.id}["{_escaped(node.site.step)}"]')
        elif (title := small(node)) is not None:
            lines.append(f'{indent}{node.id}(["{_escaped(title)}"])')
        for i, (title, inner) in enumerate(boxes_of(node)):
            if inner.nodes:
                lines.append(f'{indent}subgraph {node.id}_{i}_box["{_escaped(title)}"]')
                _mermaid_block(inner, depth + 1, lines)
                lines.append(f"{indent}end")


def _escaped(title: str) -> str:
    return title.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def _dot(pipeline: Pipeline) -> str:
    lines = [f"digraph {_quoted(pipeline.name)} {{", "    node [shape=box, style=rounded]"]
    _dot_block(pipeline.body, 1, lines)
    lines += [f"    {_quoted(a)} -> {_quoted(b)}" for a, b in arrows(pipeline)]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_block(block: Block, depth: int, lines: list[str]) -> None:
    indent = "    " * depth
    for node in block.nodes:
        if isinstance(node, Task):
            lines.append(f"{indent}{_quoted(node.id)} [label={_quoted(node.site.step)}]")
        elif (title := small(node)) is not None:
            lines.append(f"{indent}{_quoted(node.id)} [label={_quoted(title)}, shape=ellipse]")
        for i, (title, inner) in enumerate(boxes_of(node)):
            if inner.nodes:
                lines.append(f"{indent}subgraph {_quoted(f'cluster_{node.id}_{i}')} {{")
                lines.append(f"{indent}    label={_quoted(title)}")
                _dot_block(inner, depth + 1, lines)
                lines.append(f"{indent}}}")


def _quoted(title: str) -> str:
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'


FORMATS: dict[str, Callable[[Pipeline], str]] = {"mermaid": _mermaid, "dot": _dot, "svg": svg, "html": html}
"""Format -> how it is drawn."""
