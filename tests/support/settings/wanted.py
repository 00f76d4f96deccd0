"""Random settings of a step and of its pipeline: how they are written, and what an output has to say of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from pipec.compiler.frontend.given import SETTINGS as GIVEN


@dataclass(frozen=True)
class Setting:
    """One setting."""

    name: str
    source: str
    """What stands behind `name=` in the decorator."""
    wanted: dict[str, Any]
    """Feature -> its value in neutral units, as the readers of the outputs give it."""
    on: str = "step"
    """The decorator: "step" or "pipeline"."""


Draw = st.SearchStrategy[Setting]

WORD = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
VARIABLE = st.from_regex(r"[A-Z][A-Z0-9_]{0,6}", fullmatch=True)
TEXT = st.text(st.sampled_from("ab $(){}%'\"\\\n#é:-"), max_size=12)
LABEL = st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5}/[a-z]{1,5})?", fullmatch=True)
DURATION = st.sampled_from((1.5, 30.0, 60.0, 90.0, 3600.0, 5400.0, 86400.0))
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
DECIMAL = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
DEVICES = {
    "1": ("nvidia.com/gpu", 1, ""),
    "3": ("nvidia.com/gpu", 3, ""),
    '"a100"': ("nvidia.com/gpu", 1, "nvidia.com/gpu.product"),
    '"h100:4"': ("nvidia.com/gpu", 4, "nvidia.com/gpu.product"),
    'GPU("t4", count=2)': ("nvidia.com/gpu", 2, "nvidia.com/gpu.product"),
    '"mi300x"': ("amd.com/gpu", 1, "amd.com/gpu.product-name"),
    '"nvidia-mig-1g.10gb"': ("nvidia.com/mig-1g.10gb", 1, ""),
}
"""How a GPU is asked for -> Kubernetes resource, count, and the label that selects the model."""


def one(name: str, strategy: st.SearchStrategy[Any], write: Callable[[Any], str] = repr, on: str = "step") -> Draw:
    """A setting whose value is read as it is written."""
    key = name if on == "step" else f"pipeline.{name}"
    return strategy.map(lambda value: Setting(name, write(value), {key: value}, on))


def size(name: str) -> Draw:
    """An amount of memory."""
    units = st.sampled_from(sorted((BINARY | DECIMAL).items()))
    return st.tuples(st.integers(1, 4096), units).map(
        lambda drawn: Setting(name, f'"{drawn[0]}{drawn[1][0]}"', {name: drawn[0] * drawn[1][1]})
    )


def cores(name: str) -> Draw:
    """CPUs, in thousandths or whole."""
    thousandths = st.integers(1, 9999).map(lambda n: Setting(name, f'"{n}m"', {name: n}))
    return thousandths | st.integers(1, 64).map(lambda n: Setting(name, str(n), {name: n * 1000}))


@st.composite
def retries(draw: st.DrawFn) -> Setting:
    """Retries, and how long they wait."""
    limit = draw(st.integers(0, 6))
    if draw(st.booleans()):
        return Setting("retries", str(limit), {"retries": limit})
    wanted: dict[str, Any] = {"retries": limit}
    parts = [str(limit)]
    if draw(st.booleans()):
        wanted["retries.delay"] = float(draw(st.sampled_from((1, 7, 30, 60, 90, 120, 3600))))
        parts.append(f'delay="{wanted["retries.delay"]:g}s"')
    if draw(st.booleans()):
        wanted["retries.backoff"] = draw(st.sampled_from((1.0, 1.5, 2.0, 3.0)))
        parts.append(f"backoff={wanted['retries.backoff']}")
    if draw(st.booleans()):
        wanted["retries.max_delay"] = float(draw(st.sampled_from((3600, 5400, 86400))))
        parts.append(f'max_delay="{wanted["retries.max_delay"]:g}s"')
    return Setting("retries", f"Retry({', '.join(parts)})", wanted)


@st.composite
def cache(draw: st.DrawFn) -> Setting:
    """Reuse of results."""
    parts, wanted = [], dict[str, Any](cache=True)
    if draw(st.booleans()):
        wanted["cache.ttl"] = float(draw(st.sampled_from((60, 5400, 86400, 604800))))
        parts.append(f'ttl="{wanted["cache.ttl"]:g}s"')
    if draw(st.booleans()):
        wanted["cache.version"] = draw(WORD)
        parts.append(f"version={wanted['cache.version']!r}")
    if draw(st.booleans()):
        wanted["cache.ignore"] = ("n",)
        parts.append('ignore=("n",)')
    return Setting("cache", f"Cache({', '.join(parts)})" if parts else "True", wanted)


@st.composite
def deadlines(draw: st.DrawFn) -> Setting:
    """When somebody is told that a step takes long, and who."""
    after = draw(DURATION)
    if draw(st.booleans()):
        return Setting("deadline", f'"{after:g}s"', {"deadline": (after,)})
    return Setting("deadline", f'Deadline("{after:g}s", tell=page)', {"deadline": (after, "page")})


@st.composite
def gpu(draw: st.DrawFn) -> Setting:
    """Devices."""
    source = draw(st.sampled_from(sorted(DEVICES)))
    resource, count, label = DEVICES[source]
    wanted: dict[str, Any] = {"gpu": (resource, count)}
    return Setting("gpu", source, wanted | ({"gpu.name": label} if label else {}))


@st.composite
def secrets(draw: st.DrawFn) -> Setting:
    """Variables out of secrets; half of them are called as their keys, which is all that some targets can do."""
    found = draw(st.dictionaries(VARIABLE, st.tuples(WORD, st.none() | VARIABLE), min_size=1, max_size=2))
    named = {variable: (name, key or variable) for variable, (name, key) in found.items()}
    text = ", ".join(f"{v!r}: Secret({name!r}, key={key!r})" for v, (name, key) in named.items())
    return Setting("secrets", f"{{{text}}}", {"secrets": named})


@st.composite
def schedules(draw: st.DrawFn) -> Setting:
    """When runs start."""
    kind = draw(st.sampled_from(("cron", "preset", "every", "update", "after")))
    if kind == "preset":
        return Setting("schedule", '"@daily"', {"schedule.cron": "0 0 * * *"}, "pipeline")
    if kind == "every":
        seconds = draw(st.sampled_from((300, 900, 1800, 3600, 7 * 60, 86400)))
        return Setting("schedule", f'Every("{seconds}s")', {"schedule.every": float(seconds)}, "pipeline")
    if kind == "update":
        uris = draw(
            st.lists(st.sampled_from(("s3://bucket/a/", "s3://bucket/b/")), min_size=1, max_size=2, unique=True)
        )
        return Setting("schedule", f"OnUpdate({uris!r})", {"schedule.on_update": uris}, "pipeline")
    if kind == "after":
        return Setting("schedule", 'After("other")', {"schedule.after": "other"}, "pipeline")
    wanted: dict[str, Any] = {"schedule.cron": draw(st.sampled_from(("30 2 * * *", "0 6 1 * *", "15 3 * * 1-5")))}
    parts = [repr(wanted["schedule.cron"])]
    if draw(st.booleans()):
        wanted["schedule.timezone"] = "Europe/Berlin"
        parts.append('timezone="Europe/Berlin"')
    if draw(st.booleans()):
        wanted["schedule.window"] = "2026-02-03"
        parts.append('start="2026-02-03"')
    if draw(st.booleans()):
        wanted["schedule.catchup"] = True
        parts.append("catchup=True")
    return Setting("schedule", f"Cron({', '.join(parts)})", wanted, "pipeline")


TOLERATION = st.fixed_dictionaries(
    {"key": LABEL, "operator": st.just("Equal"), "value": WORD, "effect": st.sampled_from(("NoSchedule", "NoExecute"))}
)
STEP: tuple[Draw, ...] = (
    cores("cpu"), cores("cpu_limit"), size("memory"), size("memory_limit"), size("disk"), size("shm"), gpu(), retries(),
    cache(), secrets(),
    one("timeout", DURATION, lambda v: f'"{v:g}s"'),
    one("env", st.dictionaries(VARIABLE, TEXT, min_size=1, max_size=3)),
    one("image", st.sampled_from(("python:3.12", "ghcr.io/team/train:1.4"))),
    one("packages", st.lists(st.sampled_from(("humanize==4.9.0", "attrs>=23", "rich")), min_size=1, max_size=2, unique=True)),
    one("python", st.just("3.11")),
    one("node_selector", st.dictionaries(LABEL, WORD, min_size=1, max_size=2)),
    one("tolerations", st.lists(TOLERATION, min_size=1, max_size=2)),
    one("labels", st.dictionaries(LABEL, WORD, min_size=1, max_size=2)),
    one("annotations", st.dictionaries(LABEL, TEXT, min_size=1, max_size=2)),
    one("service_account", WORD), one("queue", WORD),
    one("priority", st.integers(1, 9) | WORD),
    one("updates", st.sampled_from(("s3://bucket/table/", "s3://bucket/other"))),
    deadlines(),
    one("on_failure", st.just("page"), str),
    one("fuse", st.sampled_from(("preparation", "shared"))),
    one(
        "targets", st.fixed_dictionaries({
            "airflow": st.fixed_dictionaries({"pool": WORD}),
            "kfp": st.fixed_dictionaries({"imagePullPolicy": st.sampled_from(("Always", "Never"))}),
            "metaflow": st.fixed_dictionaries({"kubernetes": st.fixed_dictionaries({"qos": st.just("Guaranteed")})}),
        }),
    ),
)  # fmt: skip
PIPELINE: tuple[Draw, ...] = (
    one("name", st.from_regex(r"[a-z][a-z0-9-]{1,9}[a-z]", fullmatch=True), on="pipeline"),
    one("description", st.sampled_from(("What it does.", 'It "does" {{ ds }} more')), on="pipeline"),
    one("tags", st.lists(WORD, min_size=1, max_size=2, unique=True), on="pipeline"),
    one("owner", WORD, on="pipeline"),
    one("timeout", DURATION, lambda v: f'"{v:g}s"', on="pipeline"),
    one("max_parallel", st.integers(1, 20), on="pipeline"),
    one("max_active_runs", st.integers(1, 20), on="pipeline"),
    one("on_failure", st.just("page"), str, on="pipeline"),
    one("on_success", st.just("page"), str, on="pipeline"),
    one("retention", st.just(30 * 86400.0), lambda v: '"30d"', on="pipeline"),
    schedules(),
)  # fmt: skip


@st.composite
def settings(draw: st.DrawFn) -> tuple[Setting, ...]:
    """A handful of settings."""
    step = draw(st.lists(st.sampled_from(STEP), max_size=6, unique_by=id))
    pipeline = draw(st.lists(st.sampled_from(PIPELINE), max_size=3, unique_by=id))
    return tuple(draw(strategy) for strategy in (*step, *pipeline))


FUSED = """\
from pipec import GPU, After, Cache, Cron, Deadline, Every, OnUpdate, Retry, Secret, pipeline, step


def page(message: str) -> None:
    print(message)


@step({step})
def begin(n: int) -> int:
    return n


@step({step})
def finish(n: int) -> int:
    return n + 1


@pipeline({pipeline})
def main(n: int = 1) -> int:
    return finish(begin(n))
"""


def together(chosen: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """What a task has to say that stands for two steps with these settings, those left out that it cannot have."""
    alone = {"fuse", "updates", "deadline", "cache.ignore"}
    kept = [s for s in chosen if not alone & s.wanted.keys()]
    return tuple(
        replace(s, wanted={"timeout": 2 * s.wanted["timeout"]}) if s.name == "timeout" and s.on == "step" else s
        for s in kept
    )


def by_call(chosen: tuple[Setting, ...], run: bool = False) -> str:
    """The pipeline module in which the call gives all settings of the step that are plain data; `run`: parameters do."""
    step = [s for s in chosen if s.on == "step"]
    given = [s for s in step if s.name in GIVEN and not re.search(r"[A-Za-z]\(", s.source)]
    on = [f'{s.name}=Argument("{s.name}")' if s in given else f"{s.name}={s.source}" for s in step]
    pipeline = ", ".join(f"{s.name}={s.source}" for s in chosen if s.on == "pipeline")
    text = module(()).replace("@step()", f"@step({', '.join(on)})").replace("@pipeline()", f"@pipeline({pipeline})")
    if given:
        typed = {s.name: f"{s.name}: {type(ast.literal_eval(s.source)).__name__}" for s in given}
        passed = ", ".join(f"{s.name}={s.name if run else s.source}" for s in given)
        text = text.replace("work(n: int)", f"work(n: int, *, {', '.join(typed.values())})")
        text = text.replace("work(n)", f"work(n, {passed})")
        if run:
            defaults = ", ".join(f"{typed[s.name]} = {s.source}" for s in given)
            text = text.replace("main(n: int = 1)", f"main(n: int = 1, *, {defaults})")
    return text.replace("import GPU,", "import GPU, Argument,")


def module(chosen: tuple[Setting, ...], fused: bool = False) -> str:
    """The pipeline module; `fused`: two steps with these settings share the task."""
    on = {kind: ", ".join(f"{s.name}={s.source}" for s in chosen if s.on == kind) for kind in ("step", "pipeline")}
    if fused:
        return FUSED.format(step=", ".join(filter(None, [on["step"], 'fuse="work"'])), pipeline=on["pipeline"])
    return f"""\
from pipec import GPU, After, Cache, Cron, Deadline, Every, OnUpdate, Retry, Secret, pipeline, step


def page(message: str) -> None:
    print(message)


@step({on["step"]})
def work(n: int) -> int:
    return n + 1


@pipeline({on["pipeline"]})
def main(n: int = 1) -> int:
    return work(n)
"""
