"""How tasks and pipelines run: neutral settings in exact units (millicores, bytes, seconds)."""

from __future__ import annotations

from typing import Any, Literal

from pipec.ir.base import NOWHERE, Node, Span


class Resources(Node):
    """Requests and limits of one task. `None`: not asked for."""

    cpu: int | None = None
    """Request, millicores."""
    cpu_limit: int | None = None
    memory: int | None = None
    """Request, bytes."""
    memory_limit: int | None = None
    disk: int | None = None
    """Ephemeral storage request, bytes."""
    shm: int | None = None
    """Size of /dev/shm, bytes."""


class Accelerator(Node):
    """GPUs or TPUs of one task, by portable name."""

    name: str | None = None
    """Catalogue name such as "a100"; `None`: any GPU."""
    count: int = 1
    memory: int | None = None
    """Least memory of each device, bytes."""
    resource: str = "nvidia.com/gpu"
    """Kubernetes resource key, resolved through the site's catalogue."""
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, str], ...] = ()


class Retry(Node):
    """What happens after a failed attempt."""

    limit: int
    """Retries after the first attempt; attempts = limit + 1."""
    delay: float | None = None
    """Seconds before the first retry; `None`: the target's default."""
    backoff: float | None = None
    """Factor between one delay and the next."""
    max_delay: float | None = None
    """Longest delay, seconds."""


class Cache(Node):
    """Reuse of an earlier result for equal inputs and equal code."""

    ttl: float | None = None
    """Seconds that an entry is valid; `None`: for ever."""
    version: str = ""
    ignore: tuple[str, ...] = ()


class Deadline(Node):
    """A notice about an attempt that takes long, and goes on."""

    after: float
    """Seconds from the start of the attempt."""
    tell: str | None = None
    """Component that is called with the message, which the log of the task has anyway."""


class SecretRef(Node):
    """A key of a secret that becomes an environment variable."""

    name: str
    key: str


class Placement(Node):
    """Where a task runs."""

    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, Any], ...] = ()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    service_account: str | None = None
    queue: str | None = None
    priority: int | str | None = None


class TaskPolicy(Node):
    """Everything that `@step(...)` and the project's configuration say about how a task runs."""

    resources: Resources = Resources()
    accelerator: Accelerator | None = None
    retry: Retry | None = None
    timeout: float | None = None
    """Seconds for one attempt."""
    cache: Cache | None = None
    env: dict[str, str] = {}
    secrets: dict[str, SecretRef] = {}
    placement: Placement = Placement()
    updates: str | None = None
    deadline: Deadline | None = None
    on_failure: str | None = None
    """Component that is called with a message."""
    fuse: str | None = None
    """"auto", or the name of the task that calls share which follow one another; `None`: a task of its own."""
    extensions: dict[str, dict[str, Any]] = {}
    """Native settings by target."""
    arguments: dict[str, str] = {}
    """What only the run knows: a setting, or a part of one such as "secrets.TOKEN" or "targets.kfp.pvcMount.0.pvcName"
    -> the parameter of the step whose argument it is. Elsewhere in the policy it is missing; a part of `extensions` is
    `{"argument": parameter}`."""
    spans: dict[str, Span] = {}
    """Where each setting was written, by setting name; no part of the meaning."""

    def span(self, setting: str) -> Span:
        """Where `setting` was written."""
        return self.spans.get(setting, NOWHERE)


CRON_PRESETS = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *", "@midnight": "0 0 * * *", "@annually": "0 0 1 1 *",
}  # fmt: skip
"""Names that a cron expression may have -> its five fields."""


class Schedule(Node):
    """When runs start. Exactly one of `cron`, `every`, `on_update`, `after`."""

    cron: str | None = None
    """Five fields, or an @preset."""
    timezone: str = "UTC"
    start: str | None = None
    end: str | None = None
    catchup: bool = False
    every: float | None = None
    """Seconds."""
    on_update: tuple[str, ...] = ()
    after: str | None = None
    beside: bool = False
    """Whether the pipeline called `after` stands in the same file."""


class PipelinePolicy(Node):
    """Everything that `@pipeline(...)` says."""

    schedule: Schedule | None = None
    followed: bool = False
    """Whether another pipeline of the same file runs after this one."""
    timeout: float | None = None
    max_parallel: int | None = None
    max_active_runs: int | None = None
    on_failure: str | None = None
    on_success: str | None = None
    """Component that is called with a message, like `on_failure`."""
    retention: float | None = None
    tags: tuple[str, ...] = ()
    owner: str | None = None
    default_retry: Retry | None = None
    """`defaults={"retries": ...}`; already merged into each task's policy."""
    extensions: dict[str, dict[str, Any]] = {}
    spans: dict[str, Span] = {}

    def span(self, setting: str) -> Span:
        """Where `setting` was written."""
        return self.spans.get(setting, NOWHERE)


SettingName = Literal["cpu", "memory", "gpu", "retries", "timeout", "cache", "image", "packages", "env"]
