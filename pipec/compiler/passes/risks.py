"""Warn of settings that do not suit what a step does, by its source and by the source of what it reaches."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache

from pipec.compiler import cron
from pipec.compiler.diagnostics import Finding, Report
from pipec.compiler.diagnostics.operations import (
    IdleAccelerator,
    LargeValue,
    LimitBelowRequest,
    MovingImage,
    RepeatedEffect,
    SilentDeadline,
    SkippedHour,
    UnpinnedPackage,
    UnsteadyCache,
)
from pipec.compiler.units import duration
from pipec.ir import CRON_PRESETS, Component, Definition, Pipeline, Span, Task, ValueType
from pipec.ir.graph import walk

ON_CPU = frozenset(
    (
        "altair", "boto3", "bs4", "click", "duckdb", "fastparquet", "fsspec", "httpx", "joblib", "lxml", "matplotlib",
        "networkx", "numpy", "openpyxl", "pandas", "PIL", "plotly", "polars", "psycopg2", "pyarrow", "pydantic",
        "pymongo", "pytz", "requests", "s3fs", "scipy", "seaborn", "sklearn", "sqlalchemy", "statsmodels", "tqdm",
        "yaml",
    )
)  # fmt: skip
"""Packages that use no GPU; of others nobody here can tell."""
PROCESSES = frozenset(("subprocess", "multiprocessing", "ctypes", "importlib", "runpy", "pty"))
"""Modules by which code reaches what is not imported."""
WRITES = re.compile(r"\s*(?:INSERT\s+INTO|COPY\s+\w+\s+FROM)\b(?!.*\bON\s+(?:CONFLICT|DUPLICATE)\b)", re.I | re.S)
WHOLE = frozenset(
    ("to_dict", "to_json", "to_list", "tolist", "to_csv", "read_text", "read_bytes", "fetchall", "to_pylist")
)
"""Methods that give all of a data set."""
CHANCE = re.compile(
    r"random\.(?!seed\b|Random\b|default_rng\b|RandomState\b|Generator\b)\w+|(?:np|numpy)\.random\."
    r"(?!seed\b|default_rng\b|RandomState\b|Generator\b|SeedSequence\b)\w+"
    r"|secrets\.\w+|uuid\.uuid[14]|os\.urandom"
)
SEEDS = re.compile(r"\b(?:random\.seed|manual_seed|set_seed)\b")
NOW = re.compile(
    r"(?:datetime\.)?(?:datetime|date)\.(?:now|utcnow|today)|time\.(?:time|time_ns|localtime|gmtime|ctime)"
    r"|os\.(?:getenv|environ(?:\.get)?)|socket\.gethostname|platform\.node"
)
UNSEEDED = frozenset(("default_rng", "Random", "RandomState"))
"""Generators that begin anywhere unless they are given a seed."""


def warn_risks(pipeline: Pipeline, report: Report) -> Pipeline:
    """Add what is risky about the settings, once for each step; the pipeline stays as it is."""
    definitions = {name: d for d in pipeline.definitions for name in d.names}
    calls: dict[str, list[Task]] = {}
    for node in walk(pipeline.body):
        if isinstance(node, Task):
            calls.setdefault(node.component, []).append(node)
    for name, tasks in calls.items():
        component = pipeline.component(name)
        found = {id(d): d for d in (definitions[n] for n in component.code if n in definitions)}
        reached = list(found.values())
        for finding in (*_of_step(tasks[0], component, reached), *_of_result(tasks, component, reached)):
            report.add(finding)
    for finding in _of_schedule(pipeline):
        report.add(finding)
    return pipeline


def _of_step(task: Task, component: Component, reached: list[Definition]) -> Iterator[Finding]:
    policy, step = task.policy, task.site.step
    if policy.accelerator is not None and component.function and not _may_use_gpu(reached):
        yield IdleAccelerator(policy.spans.get("gpu", task.span), step)
    r = policy.resources
    for what, request, limit, unit in (
        ("CPU", r.cpu, r.cpu_limit, "m"),
        ("memory", r.memory, r.memory_limit, " bytes"),
    ):
        if request is not None and limit is not None and limit < request:
            span = policy.spans.get(f"{what.lower()}_limit", task.span)
            yield LimitBelowRequest(span, step, what, f"{request}{unit}", f"{limit}{unit}")
    if policy.deadline is not None and policy.timeout is not None and policy.deadline.after >= policy.timeout:
        times = duration(policy.deadline.after), duration(policy.timeout)
        yield SilentDeadline(policy.spans.get("deadline", task.span), step, *times)
    image = component.image or (component.container.image if component.container else None)
    if image is not None and _moves(image):
        yield MovingImage(policy.spans.get("image", task.span), step, image)
    for package in component.packages:
        if re.fullmatch(r"[A-Za-z0-9._-]+(\[[^\]]*\])?", package.strip()):
            yield UnpinnedPackage(policy.spans.get("packages", task.span), step, package)
    if policy.retry is not None and policy.retry.limit > 0:
        for what, where in _first(reached, _effect):
            yield RepeatedEffect(policy.spans.get("retries", task.span), step, what, where)
    if policy.cache is not None:
        for what, where in _first(reached, _unsteady):
            yield UnsteadyCache(policy.spans.get("cache", task.span), step, what, where)


def _of_result(tasks: list[Task], component: Component, reached: list[Definition]) -> Iterator[Finding]:
    if any(o.select is None and isinstance(o.type, ValueType) for task in tasks for o in task.outputs):
        own = [d for d in reached if component.function in d.names and any(m in d.source for m in WHOLE)]
        for what, where in _first(own, _large):
            yield LargeValue(component.span, tasks[0].site.step, what, where)


def _moves(image: str) -> bool:
    """Whether an image has no tag, or one that is given away again and again."""
    if "@sha256:" in image:
        return False
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return not colon or tag == "latest"


def _may_use_gpu(reached: list[Definition]) -> bool:
    """Whether the code imports what may use a GPU, or starts what may."""
    for definition in reached:
        if definition.kind == "import" and definition.distribution not in (None, *ON_CPU):
            return True
        for node in ast.walk(_tree(definition.source)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.system", "os.popen"):
                return True
            tops = {name.partition(".")[0] for name in names}
            if tops & PROCESSES or any(top not in ON_CPU and top not in sys.stdlib_module_names for top in tops):
                return True
    return False


Look = Callable[[ast.AST, str], str | None]


def _first(definitions: list[Definition], look: Look) -> Iterator[tuple[str, Span]]:
    """What `look` says of the first node that it knows, and where that is."""
    for definition in definitions:
        if definition.kind not in ("function", "class"):
            continue
        tree = _tree(definition.source)
        top = next((n.lineno for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))), 1)
        nodes = (n for n in ast.walk(tree) if isinstance(n, (ast.expr, ast.stmt)))
        for node in sorted(nodes, key=lambda n: (n.lineno, n.col_offset)):
            said = look(node, definition.source)
            if said is not None:
                yield said, _place(node, definition.span, definition.span.line - top)
                return


def _place(node: ast.expr | ast.stmt, span: Span, down: int) -> Span:
    """Where a node of a definition stands in its file, whose lines are `down` below those of the definition."""
    return Span(
        file=span.file,
        line=node.lineno + down,
        column=node.col_offset + 1,
        end_line=(node.end_lineno or node.lineno) + down,
        end_column=(node.end_col_offset or node.col_offset) + 1,
    )


@cache
def _tree(source: str) -> ast.Module:
    return ast.parse(source)


def _effect(node: ast.AST, _: str) -> str | None:
    """What each attempt would do again."""
    match node:
        case ast.Call(func=ast.Name(id="open") | ast.Attribute(attr="open")):
            positional = node.args[1:2] if isinstance(node.func, ast.Name) else node.args[:1]
            modes = [*positional, *(k.value for k in node.keywords if k.arg == "mode")]
            if any(isinstance(m, ast.Constant) and isinstance(m.value, str) and m.value[:1] == "a" for m in modes):
                return "appends to a file"
        case ast.Constant(value=str(text)) if WRITES.match(text):
            return "inserts into a table"
        case ast.Call(func=ast.Attribute(attr="to_sql"), keywords=keywords):
            if any(
                k.arg == "if_exists" and isinstance(k.value, ast.Constant) and k.value.value == "append"
                for k in keywords
            ):
                return "appends to a table"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="requests" | "httpx"), attr="post")):
            return "posts to a service"
    return None


def _unsteady(node: ast.AST, source: str) -> str | None:
    """What gives another result for the same arguments."""
    match node:
        case ast.Call(func=ast.Name() | ast.Attribute() as function):
            name = ast.unparse(function)
            if NOW.fullmatch(name) or (CHANCE.fullmatch(name) and not SEEDS.search(source)):
                return f"{name}()"
            if name.rpartition(".")[2] in UNSEEDED and not node.args and not node.keywords:
                return f"{name}()"
        case ast.Subscript(value=ast.Attribute() as value) if ast.unparse(value) == "os.environ":
            return "os.environ"
    return None


def _large(node: ast.AST, _: str) -> str | None:
    """A `return` of all of a data set."""
    match node:
        case ast.Return(value=ast.Call(func=ast.Attribute(attr=method))) if method in WHOLE:
            return f"{method}()"
    return None


def _of_schedule(pipeline: Pipeline) -> Iterator[Finding]:
    plan = pipeline.policy.schedule
    if plan is None or plan.cron is None or plan.timezone == "UTC":
        return
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import

    parsed = cron.parse(CRON_PRESETS.get(plan.cron, plan.cron))
    try:
        zone = ZoneInfo(plan.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # this machine knows no time zones
        return
    missing = cron.skipped(parsed, zone) if parsed is not None else None
    if missing is not None:
        yield SkippedHour(pipeline.policy.span("schedule"), f"{missing:%H:%M on %Y-%m-%d}", plan.timezone)
