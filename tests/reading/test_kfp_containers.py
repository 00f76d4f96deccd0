"""Container steps that are read from Kubeflow: their command lines, and what is held against them."""

from __future__ import annotations

from typing import Any

import pytest

from pipec.backends.kfp.reading.commands import command
from tests.reading.corpus_kfp import documents
from tests.reading.leaves_kfp import flat, line_of
from tests.support.discovery import ROOT

COMPONENT: dict[str, Any] = {
    "inputDefinitions": {
        "parameters": {"rows": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3, "isOptional": True}},
        "artifacts": {"data": {"artifactType": {"schemaTitle": "system.Dataset"}}},
    },
    "outputDefinitions": {"artifacts": {"model": {"artifactType": {"schemaTitle": "system.Model"}}}},
}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{$.inputs.artifacts['data'].uri}}", ("{data.uri}",)),
        ("{{$.outputs.artifacts['model'].uri}}/0 {x}", ("{model.uri}/0 {{x}}",)),
        ('{"Concat": ["a-", "{{$.outputs.artifacts[\'model\'].uri}}"]}', ("a-{model.uri}",)),
        (
            '{"IfPresent": {"InputName": "rows", "Then": ["x"], "Else": ["{{$.inputs.artifacts[\'data\'].uri}}"]}}',
            ("{data.uri}",),
        ),
    ],
)
def test_uris(text: str, made: tuple[str, ...]) -> None:
    read = command({"command": [text]}, COMPONENT, frozenset({"data"}))
    assert (read.command, read.lost) == (made, [])


@pytest.mark.parametrize("what", [".metadata", ".metadata['rows']", ".name", ""])
def test_what_the_server_does_not_fill_in(what: str) -> None:
    read = command({"command": [f"{{{{$.inputs.artifacts['data']{what}}}}}"]}, COMPONENT, frozenset({"data"}))
    assert read.lost == [f"its command line has `data{what}`, which the server does not fill in"]


def test_defaults_are_those_of_the_command_line() -> None:
    """An input of which the command line knows only whether it is there has none."""
    read = command({"command": ["{{$.inputs.parameters['rows']}}"]}, COMPONENT, frozenset())
    assert read.defaults == {"rows": "3"}
    absent = '{"IfPresent": {"InputName": "rows", "Then": ["{{$.inputs.parameters[\'rows\']}}"]}}'
    assert command({"command": [absent]}, COMPONENT, frozenset()).defaults == {}


def test_a_command_line_can_differ() -> None:
    """Between documents that are compared: a URI is no path."""
    file = ROOT / "tests" / "cases" / "container_uris" / "built" / "kfp" / "container_uris.yaml"
    written = file.read_text(encoding="utf-8")
    changed = written.replace("['table'].uri}}/part-0", "['table'].path}}/part-0")
    lines = []
    for text in (written, changed):
        lines.append([line_of(leaf) for leaf in flat(documents(text)[0], {}).leaves if leaf.base == "extract"])
    assert lines[0] and lines[0] != lines[1]
    assert "{{$.outputs.artifacts['table'].uri}}/part-0" in lines[0][0]
