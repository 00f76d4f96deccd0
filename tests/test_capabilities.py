"""Capability tables: complete, explained, and each row shown by a case that really uses the feature."""

from __future__ import annotations

import functools
import re

import pytest

from pipec.backends import names
from pipec.compiler.capabilities import Row, load
from pipec.ir.features import FEATURES, uses_of
from tests.support.building import read
from tests.support.discovery import ROOT, Case

ROWS = [
    pytest.param(target, row, feature, form, id="-".join(filter(None, (target, feature, form))))
    for target in names()
    for feature, found in load(target).features.items()
    for form, row in {"": found, **found.forms}.items()
]


@pytest.mark.parametrize("target", names())
def test_table_has_every_feature_and_no_other(target: str) -> None:
    assert list(load(target).features) == list(FEATURES)


@pytest.mark.parametrize("target", names())
def test_default_version_is_a_supported_one(target: str) -> None:
    table = load(target)
    assert table.default_version in table.versions


@pytest.mark.parametrize(("target", "row", "feature", "form"), ROWS)
def test_row_says_how_and_is_shown(target: str, row: Row, feature: str, form: str) -> None:
    assert not form or form in load(target).forms
    if row.docs:
        assert re.match(r"https?://\S+$", row.docs)
    if row.support in ("lossy", "emulated", "none"):
        assert row.note, "say what is lost, how it is emulated, or what to do instead"
    if row.support == "none":
        return
    assert row.proof, "a row is not there until something proves it"
    if "::" in row.proof:
        file, name = row.proof.split("::", 1)
        assert f"def {name.split('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")
    else:
        wanted = f"{feature} of {form}" if form else feature
        assert wanted in features_of(row.proof, target), f"{row.proof} does not use {wanted}"


@functools.cache
def features_of(proof: str, target: str) -> frozenset[str]:
    """The features that a case or sample uses, by its name or its folder."""
    places = (ROOT / "tests" / "cases" / proof, ROOT / "samples" / proof, ROOT / proof)
    folder = next((place for place in places if (place / "pipeline.py").exists()), None)
    assert folder is not None, f"there is no case or sample {proof!r}"
    pipeline = read(Case(folder))
    found = {use.feature for use in uses_of(pipeline)}
    found |= {
        f"{use.feature} of {form}" for use in uses_of(pipeline) if (form := load(target).form(use, pipeline.policy))
    }
    if '"kind":"code"' in pipeline.model_dump_json():  # an expression that its reader evaluates is no node of its own
        found.add("expression")
    if folder.name == "value_large":  # how large a value gets is seen only when it runs
        found.add("value.large")
    return frozenset(found)
