"""IR that was printed once is read for ever: a version of it only grows, and earlier versions are brought up to date.

`python -m tests.laws.test_ir_versions` writes the shapes of a new version, when one has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipec import api
from pipec.compiler import frontend
from pipec.compiler.diagnostics import Report
from pipec.compiler.site import Site
from pipec.ir import Deadline, Pipeline
from pipec.ir.graph import tasks
from pipec.ir.versions import UPGRADES, VERSION, UnknownVersionError, upgraded
from tests.support.discovery import ROOT

BEGUN = Path(__file__).parent / f"ir_version_{VERSION}.txt"
"""What every document of this version may have had since it began: a line for each field, and what stands in it."""


def kinds(shape: dict[str, Any]) -> Iterator[str]:
    """What a field may hold, in a word each."""
    if "$ref" in shape:
        yield shape["$ref"].rpartition("/")[2]
    elif "enum" in shape or "const" in shape:
        yield from (json.dumps(value) for value in shape.get("enum", [shape.get("const")]))
    elif "anyOf" in shape or "oneOf" in shape:
        for one in (*shape.get("anyOf", ()), *shape.get("oneOf", ())):
            yield from kinds(one)
    elif isinstance(inner := shape.get("items"), dict):
        yield from (f"[{kind}]" for kind in kinds(inner))
    elif isinstance(inner := shape.get("additionalProperties"), dict):
        yield from (f"{{{kind}}}" for kind in kinds(inner))
    else:
        yield shape.get("type", "any")


def fields() -> dict[str, tuple[set[str], bool]]:
    """Field of the schema -> what it may hold, and whether it has to be there."""
    schema = Pipeline.model_json_schema()
    found: dict[str, tuple[set[str], bool]] = {}
    for name, model in {**schema["$defs"], "Pipeline": schema}.items():
        for field, shape in model.get("properties", {}).items():
            found[f"{name}.{field}"] = set(kinds(shape)), field in model.get("required", ())
    return found


def lines() -> list[str]:
    """The fields as text."""
    return [f"{name}{'' if needed else '?'}: {' | '.join(sorted(k))}" for name, (k, needed) in sorted(fields().items())]


def test_a_version_only_grows() -> None:
    """Whatever could stand in a document of this version can still; else it is a new version, with an upgrade."""
    now = fields()
    before = dict(line.split(": ", 1) for line in BEGUN.read_text(encoding="utf-8").splitlines())
    known = {name.removesuffix("?") for name in before}
    for name, held in before.items():
        kinds_now, needed = now[name.removesuffix("?")]
        assert set(held.split(" | ")) <= kinds_now, name
        assert not (needed and name.endswith("?")), f"{name} has to be there now"
    classes = {name.partition(".")[0] for name in known}
    assert not [n for n, (_, needed) in now.items() if needed and n not in known and n.partition(".")[0] in classes]


def test_every_version_has_its_upgrade() -> None:
    assert list(UPGRADES) == list(range(1, VERSION))
    assert Pipeline.model_fields["ir_version"].default == VERSION


def pipeline_of(case: str) -> dict[str, Any]:
    """The IR of a case, as JSON has it."""
    file = ROOT / "tests" / "cases" / case / "pipeline.py"
    (found,) = frontend.read(file, root=file.parent, site=Site(), report=Report())
    return json.loads(found.model_dump_json())  # type: ignore[no-any-return]


def test_version_1_had_deadlines_as_numbers(tmp_path: Path) -> None:
    document = pipeline_of("settings_deadline")

    def older(value: Any) -> Any:
        if isinstance(value, dict):
            found = {key: older(inner) for key, inner in value.items()}
            return found | (
                {"deadline": found["deadline"]["after"]} if "after" in (found.get("deadline") or ()) else {}
            )
        return [older(inner) for inner in value] if isinstance(value, list) else value

    old = {**older(document), "ir_version": 1}
    assert '"deadline": {"after"' not in json.dumps(old)
    file = tmp_path / "old.ir.json"
    file.write_text(json.dumps(old), encoding="utf-8")
    read = api.read_one(str(file), api.Workspace())
    assert read is not None
    wanted = [task.policy.deadline for task in tasks(Pipeline.model_validate_json(json.dumps(document)))]
    assert any(wanted) and [task.policy.deadline for task in tasks(read[1])] == [
        Deadline(after=one.after) if one else None for one in wanted
    ]


@pytest.mark.parametrize("version", [0, VERSION + 1, "2", None, True, 1.5])
def test_other_versions_are_refused_by_name(version: object, tmp_path: Path) -> None:
    document = {**pipeline_of("settings_deadline"), "ir_version": version}
    with pytest.raises(UnknownVersionError, match="it is IR of version"):
        upgraded(document)
    file = tmp_path / "other.ir.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    workspace = api.Workspace()
    assert not api.build([str(file)], ["kfp"], workspace)
    assert [f"reads versions 1 to {VERSION}" in s.finding.message for s in workspace.shown()] == [True]


if __name__ == "__main__":
    BEGUN.write_text("\n".join(lines()) + "\n", encoding="utf-8")
