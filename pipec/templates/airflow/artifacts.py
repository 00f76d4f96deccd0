def put(value: Any, form: Any, key: str, ti: Any) -> Any:
    """Store the artifacts in `value`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    # region nested
    if isinstance(form, list):
        return type(value)(put(item, form[0], f"{key}.{i}", ti) for i, item in enumerate(value))
    if isinstance(form, tuple):
        if len(value) != len(form):
            raise ValueError(f"{len(form)} results expected, {len(value)} given")
        return tuple(put(item, inner, f"{key}.{i}", ti) for i, (item, inner) in enumerate(zip(value, form)))
    if isinstance(form, dict):
        return {name: put(item, form["*"], f"{key}.{i}", ti) for i, (name, item) in enumerate(value.items())}
    # endregion
    folder = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    folder.mkdir(parents=True, exist_ok=True)
    # region files objects
    return put_file(Path(value), folder / key) if form == "file" else put_object(value, form, folder / key)
    # region files only
    return put_file(Path(value), folder / key)
    # region objects only
    return put_object(value, form, folder / key)
    # endregion


def fetch(value: Any) -> Any:
    """Take a value or artifact, or a collection of them, from XCom."""
    return read_artifacts(from_xcom(value))


def read_artifacts(value: Any) -> Any:
    """Replace the paths in `value`, at any depth, by what they stand for."""
    if isinstance(value, ObjectStoragePath):
        # region files objects
        # objects lie in the folder of an attempt, files one level below
        return read_object(value) if value.parent.name.isdigit() else read_file(value)
        # region files only
        return read_file(value)
        # region objects only
        return read_object(value)
        # endregion
    if isinstance(value, (list, tuple)):
        return type(value)(read_artifacts(item) for item in value)
    if isinstance(value, dict):
        return {key: read_artifacts(item) for key, item in value.items()}
    return value
# region files


def put_file(source: Path, folder: ObjectStoragePath) -> ObjectStoragePath:
    """Store a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    target.fs.put(str(source.resolve()), target.path, recursive=source.is_dir())
    return target


def read_file(path: ObjectStoragePath) -> Path:
    """Copy a file or folder out of the store, beside the working folder."""
    target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / path.name
    path.fs.get(path.path, str(target), recursive=path.is_dir())
    return target
# region objects


def put_object(value: Any, form: str, path: ObjectStoragePath) -> ObjectStoragePath:
    # region codecs
    """Store an object in the form asked for where that keeps it exactly, else pickled."""
    data = None
    # region parquet
    if form == "parquet":
        data = as_parquet(value)
    # region npy
    if form == "npy":
        data = as_npy(value)
    # region codecs
    target = path.parent / f"{path.name}.{'pickle' if data is None else form}"
    # region codecs no classes
    target.write_bytes(pickle.dumps(value, protocol=5) if data is None else data)
    # region codecs classes
    target.write_bytes(pickled(value) if data is None else data)
    # region pickles only
    """Store an object."""
    target = path.parent / f"{path.name}.{form}"
    # region pickles only no classes
    target.write_bytes(pickle.dumps(value, protocol=5))
    # region pickles only classes
    target.write_bytes(pickled(value))
    # endregion
    return target


def read_object(path: ObjectStoragePath) -> Any:
    """Read an object back."""
    # region parquet
    if path.suffix == ".parquet":
        import pandas

        return pandas.read_parquet(io.BytesIO(path.read_bytes()))
    # region npy
    if path.suffix == ".npy":
        import numpy

        return numpy.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    # region no classes
    return pickle.loads(path.read_bytes())
    # region classes
    return Unpickler(io.BytesIO(path.read_bytes())).load()
    # endregion
# region classes


class Pickler(pickle.Pickler):
    """Names classes of this file without its module, which Airflow gives another name in every deployment."""

    def persistent_id(self, obj: Any) -> str | None:
        """The name of a class of this file."""
        return obj.__qualname__ if isinstance(obj, type) and obj.__module__ == __name__ else None


class Unpickler(pickle.Unpickler):
    """Reads what `Pickler` has written."""

    def persistent_load(self, pid: str) -> Any:
        """The class of this file called `pid`."""
        first, *rest = pid.split(".")
        return functools.reduce(getattr, rest, globals()[first])


def pickled(value: Any) -> bytes:
    """Give `value` as a pickle."""
    data = io.BytesIO()
    Pickler(data, protocol=5).dump(value)
    return data.getvalue()
# region parquet


def as_parquet(frame: Any) -> bytes | None:
    """Give a DataFrame as Parquet, or nothing where it would come back changed."""
    import pandas

    try:
        data: bytes = frame.to_parquet()
        back = pandas.read_parquet(io.BytesIO(data))
        pandas.testing.assert_frame_equal(frame, back, check_exact=True)
    except Exception:  # whatever Parquet does not take is pickled
        return None
    return data if frame.attrs == back.attrs else None
# region npy


def as_npy(array: Any) -> bytes | None:
    """Give an array as NPY, or nothing where it would come back changed."""
    import numpy

    if type(array) is not numpy.ndarray or array.dtype.hasobject:
        return None
    data = io.BytesIO()
    numpy.save(data, array, allow_pickle=False)
    return data.getvalue()
# endregion
