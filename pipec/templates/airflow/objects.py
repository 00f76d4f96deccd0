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
