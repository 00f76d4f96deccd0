"""The picture of a pipeline as SVG and as a page: boxes in boxes, drawn without any library.

Every block is laid out on its own: its nodes stand in layers, each below all that it waits for, and a loop, a branch or
a sub-pipeline is a box with its own block inside. An arrow to such a box concerns all that is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from pipec.api.boxes import boxes_of, small
from pipec.compiler.reading.settings import settings_of
from pipec.ir import Block, Parallel, Pipeline, Statement, Task
from pipec.ir.graph import edges, tasks

CHARACTER, LINE, PADDING, GAP = 7.3, 34.0, 14.0, 26.0
"""Pixels: the width of a character, the height of a node, and what is left free inside of boxes and between them."""

STYLE = """
  .box { fill: #f6f8fa; stroke: #d0d7de; }
  .step { fill: #ffffff; stroke: #0969da; }
  .other { fill: #ffffff; stroke: #8c959f; }
  .arrow { fill: none; stroke: #57606a; }
  text { font: 12px ui-monospace, monospace; fill: #24292f; }
  .title { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    .box { fill: #161b22; stroke: #30363d; }
    .step, .other { fill: #0d1117; }
    text { fill: #e6edf3; }
    .title { fill: #8d96a0; }
  }
"""


@dataclass
class Box:
    """Something drawn, at a place inside of what is around it."""

    width: float
    height: float
    label: str = ""
    kind: str = "box"
    x: float = 0.0
    y: float = 0.0
    inner: list[Box] = field(default_factory=list)
    arrows: list[tuple[Box, Box]] = field(default_factory=list)
    """Between boxes of `inner`; one that is longer than a layer goes by boxes of the kind "way"."""


def svg(pipeline: Pipeline) -> str:
    """The picture as an SVG document."""
    whole = _stacked(pipeline.body, False)
    width, height = whole.width + 2 * PADDING, whole.height + 2 * PADDING
    whole.x = whole.y = PADDING
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
    )
    marker = (
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>'
    )
    title = f"<title>{escape(pipeline.name)}</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", marker, *_drawn(whole, 0.0, 0.0), "</svg>"]) + "\n"


def html(pipeline: Pipeline) -> str:
    """The picture as a page of its own, with the settings of the steps below."""
    rows: dict[str, str] = {}
    for task in tasks(pipeline):
        settings = ", ".join(f"{name}={value}" for name, value in settings_of(task.policy).items())
        name = ".".join((*task.site.group, task.site.step))
        rows[name] = f"<tr><td>{escape(name)}</td><td>{escape(settings)}</td></tr>"
    doc = f"<p>{escape(pipeline.doc.strip().partition(chr(10))[0])}</p>" if pipeline.doc else ""
    table = ["<table>", "<tr><th>step</th><th>settings</th></tr>", *rows.values(), "</table>"]
    style = "body { font: 14px system-ui, sans-serif; margin: 2em } td, th { text-align: left; padding: 0.2em 1em }"
    return "\n".join(
        [
            "<!DOCTYPE html>", '<html lang="en">', '<meta charset="utf-8">',
            f"<title>{escape(pipeline.name)}</title>", f"<style>{style}</style>",
            f"<h1>{escape(pipeline.name)}</h1>", doc, svg(pipeline).rstrip(), *table, "</html>",
        ]
    ) + "\n"  # fmt: skip


def _stacked(block: Block, concurrent: bool) -> Box:
    """The nodes of a block in layers, with arrows between them."""
    waits = edges(block, concurrent)
    layer: dict[str, int] = {}
    before: dict[str, set[str]] = {}
    for node in block.nodes:
        needs = {*waits[node.id].data, *waits[node.id].order}
        layer[node.id] = max((layer[n] + 1 for n in needs), default=0)
        before[node.id] = needs.union(*(before[n] for n in needs))
    found = {node.id: _node(node) for node in block.nodes}
    rows: dict[int, list[Box]] = {}
    for id_, box in found.items():
        rows.setdefault(layer[id_], []).append(box)
    arrows = []
    for id_, box in found.items():
        needs = {*waits[id_].data, *waits[id_].order}
        for other in (n for n in found if n in needs and not any(n in before[o] for o in needs)):
            ways = [Box(2.0, LINE, kind="way") for _ in range(layer[other] + 1, layer[id_])]
            for level, way in enumerate(ways, layer[other] + 1):
                rows[level].append(way)
            chain = [found[other], *ways, box]
            arrows += list(pairwise(chain))
    widths = [sum(b.width for b in row) + GAP * (len(row) - 1) for row in rows.values()]
    whole = Box(max(widths, default=0.0), 0.0)
    y = 0.0
    for (_, row), width in zip(sorted(rows.items()), widths):
        x = (whole.width - width) / 2
        for box in row:
            box.x, box.y = x, y
            x += box.width + GAP
        y += max(b.height for b in row) + GAP
    whole.height = max(y - GAP, 0.0)
    for row in rows.values():
        for way in (b for b in row if b.kind == "way"):
            way.height = max(b.height for b in row)
    whole.inner, whole.arrows = [box for row in rows.values() for box in row], arrows
    return whole


def _node(node: Statement) -> Box:
    """A node as a box."""
    if isinstance(node, Parallel) and len(node.body.nodes) == 1:
        return _node(node.body.nodes[0])
    parts = [(title, block) for title, block in boxes_of(node) if block.nodes]
    if not parts:
        label = node.site.step if isinstance(node, Task) else small(node) or node.kind
        return Box(len(label) * CHARACTER + 2 * PADDING, LINE, label, "step" if isinstance(node, Task) else "other")
    if len(parts) == 1:
        return _framed(parts[0][0], _stacked(parts[0][1], isinstance(node, Parallel)))
    inner = [_framed(title, _stacked(block, False)) for title, block in parts]
    x = 0.0
    for box in inner:  # the arms of a branch side by side
        box.x = x
        x += box.width + GAP / 2
    return Box(x - GAP / 2, max(b.height for b in inner), kind="", inner=inner)


def _framed(title: str, content: Box) -> Box:
    """`content` in a frame with a title."""
    content.x, content.y = PADDING, PADDING + LINE / 2
    content.kind = ""
    width = max(content.width, len(title) * CHARACTER) + 2 * PADDING
    content.x = (width - content.width) / 2
    return Box(width, content.height + content.y + PADDING, title, "box", inner=[content])


def _drawn(box: Box, x: float, y: float) -> Iterator[str]:
    """The elements of a box that stands at `x`, `y` in the picture, arrows above what they lead to."""
    left, top = x + box.x, y + box.y
    if box.kind == "way":
        yield f'<path class="arrow" d="M{left + 1:.1f} {top - 1:.1f}V{top + box.height:.1f}"/>'
    elif box.kind and (box.label or box.kind != "box"):
        shape = f'x="{left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
        yield f'<rect class="{box.kind}" {shape} rx="{5 if box.kind == "box" else 8}"/>'
        if box.kind == "box":
            yield f'<text class="title" x="{left + PADDING:.1f}" y="{top + 17:.1f}">{escape(box.label)}</text>'
        else:
            middle = f'x="{left + box.width / 2:.1f}" y="{top + box.height / 2 + 4:.1f}"'
            yield f'<text {middle} text-anchor="middle">{escape(box.label)}</text>'
    for inner in box.inner:
        yield from _drawn(inner, left, top)
    for a, b in box.arrows:
        x1, y1 = left + a.x + a.width / 2, top + a.y + a.height
        x2, y2 = left + b.x + b.width / 2, top + b.y - 1
        bend = max((y2 - y1) / 2, 12)
        path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
        end = "" if b.kind == "way" else ' marker-end="url(#end)"'
        yield f'<path class="arrow" d="{path}"{end}/>'
