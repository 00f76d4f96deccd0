"""Arguments and results copied as between tasks: values exactly, objects by pickle, files by content."""

from __future__ import annotations

import io
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

from pipec.backends.python.shown import check_classification
from pipec.ir import DictOf, FileType, ListOf, ObjectType, OptionalOf, TupleOf, Type, ValueType


def plain(value: Any, step: str) -> Any:
    """`value` as it arrives at the next task; `TypeError` where it is none that can travel as a value."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, list):
        return [plain(v, step) for v in value]
    if isinstance(value, tuple):
        return tuple(plain(v, step) for v in value)
    if isinstance(value, dict):
        return {plain(k, step): plain(v, step) for k, v in value.items()}
    if isinstance(value, frozenset):
        return frozenset(plain(v, step) for v in value)
    if isinstance(value, set):
        return {plain(v, step) for v in value}
    if any(kind.__module__ == "numpy" and kind.__name__ == "generic" for kind in type(value).__mro__):
        item = value.item()
        if type(item) is not type(value):
            return plain(item, step)
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(
        f"step {step!r} returned a {kind}, which cannot travel as a value; "
        f"annotate its result as an object artifact, such as `-> {type(value).__qualname__}` or `-> object`"
    )


def _pickled(value: Any, step: str) -> Any:
    try:
        data = pickle.dumps(value, protocol=4)
    except Exception as error:  # the user's classes may refuse in any way
        kind = type(value).__qualname__
        raise TypeError(f"step {step!r} returned a {kind}, which pickle cannot store: {error}") from error
    return pickle.loads(data)


class Store:
    """Where the results of one run lie, and where copies for steps are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def fresh(self) -> Path:
        """A new empty folder."""
        self._count += 1
        made = self.folder / str(self._count)
        made.mkdir(parents=True)
        return made

    def result(self, value: Any, type_: Type, step: str) -> Any:
        """A step's result as the pipeline body sees it."""
        match type_:
            case ValueType():
                made = plain(value, step)
                if type_.classification:
                    check_classification(made, step)
                return made
            case ObjectType():
                return _pickled(value, step)
            case FileType():
                return self._file(value, step)
            case OptionalOf():
                return None if value is None else self.result(value, type_.item, step)
            case ListOf() if isinstance(value, (list, tuple)):
                return type(value)(self.result(v, type_.item, step) for v in value)
            case DictOf() if isinstance(value, dict):
                return {plain(k, step): self.result(v, type_.item, step) for k, v in value.items()}
            case TupleOf() if isinstance(value, tuple) and len(value) == len(type_.items):
                return tuple(self.result(v, t, step) for v, t in zip(value, type_.items))
        wanted = {"list": "a list", "dict": "a dict", "tuple": "a tuple of the annotated length"}[type_.kind]
        raise TypeError(f"step {step!r} returned a {type(value).__name__}; its annotation says {wanted}")

    def _file(self, value: Any, step: str) -> Path:
        if not isinstance(value, (str, os.PathLike)):
            raise TypeError(f"step {step!r} returned a {type(value).__name__}; its annotation says a path")
        source = Path(value).resolve()
        if not source.exists():
            raise FileNotFoundError(f"step {step!r} returned the path {str(value)!r}, and there is no such file")
        return copied(source, self.fresh())

    def argument(self, value: Any) -> Any:
        """A copy of an argument for one attempt; files under their base names."""
        buffer = io.BytesIO()
        _Pickler(buffer, self.folder).dump(value)
        buffer.seek(0)
        return _Unpickler(buffer, self).load()


def copied(source: Path, folder: Path) -> Path:
    """`source`, a file or folder, copied into `folder` under its own name."""
    target = folder / source.name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
    return target


class _Pickler(pickle.Pickler):
    """Pickles everything but files of the store, which go by reference."""

    def __init__(self, file: io.BytesIO, store: Path) -> None:
        super().__init__(file, protocol=4)
        self._store = store

    def persistent_id(self, value: Any) -> Any:
        """The path of a stored file."""
        return str(value) if isinstance(value, Path) and self._store in value.parents else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, store: Store) -> None:
        super().__init__(file)
        self._store = store

    def persistent_load(self, path: Any) -> Path:
        """A private copy of a stored file."""
        return copied(Path(path), self._store.fresh())
