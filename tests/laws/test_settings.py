"""Nothing is dropped silently: each setting is found again in each output by an independent reader, or a finding names it."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from pipec import api, authoring, backends
from pipec.compiler.capabilities import load
from pipec.compiler.diagnostics import Finding
from pipec.compiler.diagnostics.settings import NothingToFuse
from pipec.compiler.diagnostics.target import LossyFeature, UnsupportedFeature
from pipec.compiler.units import parse_duration
from tests.support.settings import READERS, Found
from tests.support.settings import wanted as strategies
from tests.support.settings.lifecycle import kept
from tests.support.settings.python import Called
from tests.support.settings.wanted import Setting, by_call, module, together

PLACES = [(target, "") for target in backends.names()]
PLACES += [("airflow", place) for place in ("virtualenv", "pod", "docker")] + [("metaflow", "batch")]
"""Target, and where the project says that steps run on it."""
STORES = """[tool.pipec]
artifact_root = "s3://bucket/artifacts"

[tool.pipec.kfp]
defaultPipelineRoot = "s3://bucket/artifacts"

"""


WRITERS = {"": module, "fused": lambda chosen: module(chosen, fused=True), "given": by_call,
           "run": lambda chosen: by_call(chosen, run=True)}  # fmt: skip
"""How settings are written -> the pipeline module."""


def built(
    chosen: tuple[Setting, ...], target: str, version: str, folder: Path, isolation: str, how: str
) -> tuple[Found, list[Finding]]:
    """What is found in the output, and the findings."""
    table = f'[tool.pipec.{target}]\n{load(target).form_setting} = "{isolation}"\n' if isolation else ""
    (folder / "pyproject.toml").write_text(STORES + table, encoding="utf-8")
    (folder / "pipeline.py").write_text(WRITERS[how](chosen), encoding="utf-8")
    workspace = api.Workspace(versions={target: version})
    made = api.build([str(folder / "pipeline.py")], [target], workspace)
    findings = [shown.finding for shown in workspace.shown()]
    files = made[0].bundle.files if made else {}
    return (READERS[target](files) | kept(files) if files else {}), findings


def named(finding: Finding, feature: str, setting: str) -> bool:
    """Whether a finding is about the setting."""
    if isinstance(finding, NothingToFuse):
        return setting == "fuse"
    if isinstance(finding, UnsupportedFeature) and finding.feature == "argument":
        return finding.subject == f"{setting} of work"
    said = {getattr(finding, "feature", ""), getattr(finding, "setting", "")}
    return bool(said & {feature, setting})


def emitted(finding: Finding, target: str, isolation: str) -> bool:
    """Whether what is lossy is in the output all the same, as Airflow's pod overrides are."""
    if not isinstance(finding, LossyFeature) or target != "airflow":
        return False
    row = load(target).features[finding.feature]
    return bool(row.forms.get(isolation, row).via)


def is_there(target: str, feature: str, value: Any, found: Found) -> bool:
    """Whether the reader has found the setting with its value."""
    match target, feature:
        case _, "targets":
            return bool(found.get(feature) == value[target])
        case _, "gpu.name":
            return value in found.get("node_selector", {})
        case _, "node_selector":
            return bool(value.items() <= found.get(feature, {}).items())
        case _, "tolerations":
            return all(toleration in found.get(feature, ()) for toleration in value)
        case "metaflow", "secrets":
            names = [name.removeprefix("aws-secrets-manager.") for name in found.get(feature, ())]
            return names == sorted({name for name, _ in value.values()})
        case "metaflow", "packages":
            return all(re.split(r"[=<>]", package)[0] in found.get(feature, {}) for package in value)
        case "kfp" | "airflow", "packages":
            return all(package in found.get(feature, "") for package in value)
        case "metaflow", "schedule.cron":
            return five_fields(found.get(feature, "")) == value
        case "airflow", "schedule.cron":
            return bool(found.get(feature, "").replace("@daily", "0 0 * * *") == value)
        case "metaflow", "cache.ignore":
            return not set(value) & found["cache.inputs"]
        case "kfp", "cache.version":
            return True  # a part of the code that the key is made of: `test_a_version_makes_another_key`
        case "metaflow", "pipeline.name":
            return bool(found.get(feature, "").lower() == value.replace("-", ""))
        case "airflow", "schedule.window":
            start = found.get("schedule.start")
            return isinstance(start, Called) and start.args == (value,)
        case "kfp", "schedule.window":
            start = datetime.fromisoformat(value).replace(tzinfo=timezone.utc)
            there = datetime.strptime(found["schedule.start"], "%Y-%m-%dT%H:%M:%S%z")
            return abs((there - start).total_seconds()) < 86400
        case "metaflow", "updates" | "schedule.on_update":
            uri = value if isinstance(value, str) else value[0]
            return bool(found.get(feature) == "_".join(re.findall(r"\w+", uri)))
        case "metaflow", "schedule.after":
            return bool(found.get(feature) == "OtherFlow")
        case "metaflow", "schedule.every":
            return "schedule.cron" in found
        case "airflow", "retries":
            return bool(found.get(feature, 0) == value)
        case _, "retries" if value == 0:
            return found.get(feature, 0) == 0
        case "kfp" | "metaflow", "retries.delay" | "retries.backoff" if not found.get("retries"):
            return True  # of no retries
        case _, "retries.backoff" if value == 1:
            return found.get(feature, 1) == 1
        case _, "on_failure" | "pipeline.on_failure" | "pipeline.on_success":
            return feature in found
    return bool(found.get(feature) == value)


def five_fields(cron: str) -> str:
    """EventBridge's six fields as the usual five."""
    if len(cron.split()) != 6:
        return cron
    minute, hour, day, month, weekday, _ = cron.replace("?", "*").split()
    days = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
    return " ".join([minute, hour, day, month, re.sub(r"[A-Z]{3}", lambda m: str(days.index(m[0])), weekday)])


def examine(
    chosen: tuple[Setting, ...], target: str, version: str, folder: Path, isolation: str = "", how: str = ""
) -> None:
    """All settings are there or named; what is refused is named, and left out to see the rest."""
    chosen = together(chosen) if how == "fused" else chosen
    while True:
        found, findings = built(chosen, target, version, folder, isolation, how)
        refused = [f for f in findings if f.severity == "error"]
        if not refused:
            break
        kept = tuple(s for s in chosen if not any(named(f, w, s.name) for w in s.wanted for f in refused))
        assert len(kept) < len(chosen), [f"{f.code} {f.message}" for f in refused]
        chosen = kept
    for setting in chosen:
        for feature, value in setting.wanted.items():
            told = [f for f in findings if f.severity == "warning" and named(f, feature, setting.name)]
            if not told or all(emitted(f, target, isolation) for f in told):
                assert is_there(target, feature, value, found), f"{feature}={value!r} is lost: {found}"


def law(count: int, how: str = "") -> Any:
    """The law for `count` examples on each target; "fused": of two steps that share a task; "given": by their call; "run": by parameters."""

    places = [place for place in PLACES if not (how == "fused" and place[1])]

    @pytest.mark.parametrize(("target", "isolation"), places, ids=["-".join(filter(None, p)) for p in places])
    @seed(4)
    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(chosen=strategies.settings(), number=st.integers(0, 99))
    def check(
        tmp_path_factory: pytest.TempPathFactory, target: str, isolation: str, chosen: tuple[Setting, ...], number: int
    ) -> None:
        versions = load(target).versions
        version, folder = versions[number % len(versions)], tmp_path_factory.mktemp("settings")
        examine(chosen, target, version, folder, isolation, how)

    return check


test_every_setting_is_found_or_named = law(50)
test_every_setting_of_a_shared_task_is_found_or_named = law(25, "fused")
test_every_setting_that_a_call_gives_is_found_or_named = law(25, "given")
test_every_setting_that_a_run_gives_is_found_or_named = law(50, "run")
test_every_setting_of_a_thousand_is_found_or_named = pytest.mark.slow(law(1000))


@pytest.mark.parametrize("target", backends.names())
def test_a_version_makes_another_key(target: str, tmp_path: Path) -> None:
    """The version of a cache is somewhere in the output, whatever a target's key is made of."""
    texts = []
    for version in ("1", "2"):
        (tmp_path / "pipeline.py").write_text(
            module((Setting("cache", f'Cache(version="{version}")', {}),)), encoding="utf-8"
        )
        (made,) = api.build([str(tmp_path / "pipeline.py")], [target], api.Workspace())
        texts.append(made.bundle.files)
    assert texts[0] != texts[1]


@pytest.mark.parametrize("duration", ["90s", "1h30m", "500ms", "7d", "1.5h", "2w", 30, 0.5])
def test_plain_python_reads_durations_as_a_build_does(duration: str | float) -> None:
    assert authoring._seconds(duration) == pytest.approx(parse_duration(duration))
