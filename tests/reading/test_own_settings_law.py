"""Every setting of every case comes back from what pipec has written, or was named on the way."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipec import api
from pipec.api.migrating import migrate
from pipec.backends import REFERENCE, names
from pipec.compiler import frontend
from pipec.compiler.diagnostics import Finding, Report
from pipec.compiler.site import Site
from pipec.ir import Pipeline, PipelinePolicy, TaskPolicy
from pipec.ir.graph import tasks
from tests.support.building import build
from tests.support.discovery import ROOT, Case, cases

CALLED = {"accelerator": "gpu", "retry": "retries", "extensions": "targets"}
"""Field of a policy -> the setting that it is of."""
ELSEWHERE = {
    "settings_argument": "calls that give equal settings have one between them",
    "settings_argument_run": "a number of devices that a call gives is a `GPU(count=...)`",
    "settings_argument_container": "calls of a container whose command line differs are two containers",
    "settings_batch": "the project says where its steps run",
    "settings_docker": "the labels of a device are those that the project names",
    "settings_in_project": "the project says most of it",
    "settings_isolation_all": "the pipeline says for all steps what each says for itself",
    "names_long": "an id that Airflow takes is given where the name of a step is none",
}
"""Case whose settings come back in other words -> in which."""


def built() -> Iterator[Any]:
    """Each case with each file that is a pipeline."""
    for case in cases():
        for target in names():
            folder = case.folder / "built" / target
            for file in sorted(folder.glob("*")) if folder.is_dir() else ():
                is_pipeline = file.suffix in (".py", ".yaml") and not file.stem.endswith(("_steps", ".recurring-run"))
                if is_pipeline and case.folder.name not in ELSEWHERE:
                    yield pytest.param(case, target, file, id=f"{case.folder.name}-{target}-{file.stem}")


def flat(value: Any, *path: str) -> dict[str, Any]:
    """Dotted path -> value, of all that is said."""
    if isinstance(value, dict):
        return {key: inner for name, one in value.items() for key, inner in flat(one, *path, str(name)).items()}
    return {} if value in (None, [], ()) else {".".join(path): value}


def settings(policy: TaskPolicy | PipelinePolicy, target: str) -> dict[str, Any]:
    """The settings of one step or pipeline that are for `target`."""
    found: dict[str, Any] = {}
    for name, value in policy.model_dump(exclude={"spans", "default_retry"}, mode="json").items():
        if name in ("resources", "placement"):
            found |= flat(value)
        elif name == "extensions":
            found |= flat(value.get(target, {}), "targets")
        elif name == "schedule" and value is not None and value.get("cron"):
            found |= flat({**value, "cron": days(value["cron"])}, name)
        else:
            found |= flat(value, CALLED.get(name, name))
    return found


def days(cron: str) -> str:
    """The expression with numbers for the days of the week."""
    for number, day in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")):
        cron = cron.replace(day, str(number))
    return cron


def steps(pipelines: Iterable[Pipeline], target: str) -> dict[str, set[str]]:
    """Step -> the settings of its calls."""
    found: dict[str, set[str]] = {}
    for pipeline in pipelines:
        for task in tasks(pipeline):
            found.setdefault(task.site.step, set()).add(json.dumps(settings(task.policy, target), sort_keys=True))
    return found


def differences(before: set[str], after: set[str]) -> set[str]:
    """The settings that differ between two sets of them."""
    one, other = [[json.loads(text) for text in sorted(texts)] for texts in (before, after)]
    keys = {key for each in (*one, *other) for key in each}

    def values(of: list[dict[str, Any]], key: str) -> list[str]:
        return sorted({json.dumps(each.get(key)) for each in of})

    return {key for key in keys if values(one, key) != values(other, key)}


def named(findings: Iterable[Finding]) -> set[str]:
    """The settings that findings are about."""
    found = {str(getattr(f, "feature", None) or getattr(f, "setting", "")) for f in findings}
    return {name.removeprefix("pipeline.") for name in found} - {""}


def unnamed(different: set[str], known: set[str]) -> set[str]:
    """Those of `different` that are neither in `known` nor a part of what is."""
    return {key for key in different if not any(key == name or key.startswith(f"{name}.") for name in known)}


@pytest.mark.parametrize(("case", "target", "file"), built())
def test_settings_come_back_or_are_named(case: Case, target: str, file: Path, tmp_path: Path) -> None:
    done = migrate(file, target, (REFERENCE,), tmp_path, api.Workspace())
    (text,) = done.files.values()
    (tmp_path / "module.py").write_text(text, encoding="utf-8")
    report, site = Report(), Site()
    back = frontend.read(tmp_path / "module.py", root=tmp_path, site=site, report=report)
    own = frontend.read(case.file, root=ROOT, site=site, report=report)
    known = named([*build(case, target).findings, *(f.finding for f in done.findings)])
    before, after = steps(own, target), steps(back, target)
    lost = {step: unnamed(differences(before[step], after[step]), known) for step in before.keys() & after.keys()}
    assert not {step: found for step, found in lost.items() if found}, text
    if len(own) == len(back) == 1:
        one, other = ({json.dumps(settings(p.policy, target))} for (p,) in (own, back))
        assert not unnamed(differences(one, other), known), text
