"""The throw-away local datastore of a run: what each task did, read with Metaflow's own code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TaskRecord:
    """One task of a step, as the datastore has it."""

    step: str
    id: str
    attempts: int
    done: bool
    """Whether the last attempt ended by itself."""


class Store:
    """The datastore of one run of one flow."""

    def __init__(self, root: Path, flow: str, run: str) -> None:
        self.root, self.flow, self.run = root, flow, run

    @cached_property
    def _datastore(self) -> Any:
        from metaflow.datastore import FlowDataStore
        from metaflow.plugins.datastores.local_storage import LocalStorage

        root = str(self.root / ".metaflow")
        return FlowDataStore(self.flow, None, storage_impl=LocalStorage, ds_root=root)

    @property
    def folder(self) -> Path:
        """Where the run lies."""
        return self.root / ".metaflow" / self.flow / self.run

    def tasks(self) -> list[TaskRecord]:
        """All tasks of the run, in the order in which they were started."""
        found = []
        for step in self.folder.iterdir() if self.folder.exists() else ():
            for task in step.iterdir():
                if task.name != "_meta" and step.name != "_parameters" and (record := self.task(step.name, task.name)):
                    found.append(record)
        return sorted(found, key=lambda t: int(t.id))

    def task(self, step: str, id_: str) -> TaskRecord | None:
        """One task; `None` where it has not started."""
        folder = self.folder / step / id_
        attempts = [int(p.name.split(".")[0]) for p in folder.glob("*.attempt.json")]
        if not attempts:
            return None
        last = max(attempts)
        return TaskRecord(step, id_, last + 1, (folder / f"{last}.DONE.lock").exists())

    def has(self, task: TaskRecord, name: str) -> bool:
        """Whether the last attempt stored the artifact."""
        file = self.folder / task.step / task.id / f"{task.attempts - 1}.data.json"
        return file.exists() and name in json.loads(file.read_text(encoding="utf-8"))["objects"]

    def artifact(self, task: TaskRecord, name: str) -> Any:
        """An artifact of the last attempt, unpickled; `None` where there is none."""
        if not task.done or not self.has(task, name):
            return None
        return self._datastore.get_task_datastore(self.run, task.step, task.id, attempt=task.attempts - 1)[name]

    def index(self, task: TaskRecord) -> tuple[int, ...]:
        """The loop indices of the task, outermost first."""
        return tuple(frame.index for frame in self.artifact(task, "_foreach_stack") or ())

    def succeeded(self, task: TaskRecord) -> bool:
        """Whether the last attempt ended well."""
        return bool(self.artifact(task, "_task_ok"))
