"""The step cache of plain Python, in the folder of `--cache`: by inputs, code and version, as on every target."""

from __future__ import annotations

import hashlib
import inspect
import io
import os
import pickle
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipec.backends.python.values import Store, copied
from pipec.compiler.backend.results import file_result
from pipec.ir import Pipeline, Task


class StepCache:
    """Results of earlier runs; an entry is a folder with a pickle and the files that it refers to."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder / "python"
        self.store = store

    def key(
        self,
        pipeline: Pipeline,
        task: Task,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> str:
        """The name of the entry, or "" where the inputs cannot be told apart."""
        assert task.policy.cache is not None
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
        digest = hashlib.sha256()
        digest.update(f"{pipeline.component(task.component).digest}\0{task.policy.cache.version}".encode())
        for name, value in sorted(bound.items()):
            if name in task.policy.cache.ignore:
                continue
            buffer = io.BytesIO()
            try:
                _ByContent(buffer, self.store.folder).dump(value)
            except Exception:  # the user's classes may refuse in any way
                return ""
            digest.update(f"\0{name}\0".encode() + hashlib.sha256(buffer.getvalue()).digest())
        return digest.hexdigest()

    def load(self, key: str, task: Task) -> tuple[bool, Any]:
        """Whether there is a valid entry, and its value."""
        assert task.policy.cache is not None
        entry = self.folder / key
        try:
            age = time.time() - (entry / "value.pickle").stat().st_mtime
            if task.policy.cache.ttl is not None and age > task.policy.cache.ttl:
                return False, None
            with (entry / "value.pickle").open("rb") as file:
                return True, _FromEntry(file, entry, self.store).load()
        except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError):
            return False, None

    def save(self, key: str, value: Any) -> None:
        """Keep `value`; an entry appears as a whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(dir=self.folder, prefix=".new-"))
        with (new / "value.pickle").open("wb") as file:
            _ToEntry(file, new, self.store.folder).dump(value)
        old = self.folder / key
        shutil.rmtree(old, ignore_errors=True)
        os.replace(new, old)


class _ByContent(pickle.Pickler):
    """Files count by name and content."""

    def __init__(self, file: io.BytesIO, store: Path) -> None:
        super().__init__(file, protocol=4)
        self._store = store

    def persistent_id(self, value: Any) -> Any:
        if isinstance(value, Path) and self._store in value.parents:
            found = file_result(value)
            return (found.name, found.sha256)
        return None


class _ToEntry(pickle.Pickler):
    """Copies files into the entry."""

    def __init__(self, file: Any, entry: Path, store: Path) -> None:
        super().__init__(file, protocol=4)
        self._entry, self._store, self._count = entry, store, 0

    def persistent_id(self, value: Any) -> Any:
        if not isinstance(value, Path) or self._store not in value.parents:
            return None
        self._count += 1
        folder = self._entry / str(self._count)
        folder.mkdir()
        return copied(value, folder).relative_to(self._entry).as_posix()


class _FromEntry(pickle.Unpickler):
    """Copies files into the run's store."""

    def __init__(self, file: Any, entry: Path, store: Store) -> None:
        super().__init__(file)
        self._entry, self._store = entry, store

    def persistent_load(self, path: Any) -> Path:
        return copied(self._entry / path, self._store.fresh())
