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
