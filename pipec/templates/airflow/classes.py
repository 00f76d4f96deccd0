class Pickler(pickle.Pickler):
    """Names classes and functions of this file without its module, which Airflow gives another name in every deployment."""

    def persistent_id(self, obj: Any) -> str | None:
        """The name of a class or function of this file."""
        named = isinstance(obj, type) or (isinstance(obj, types.FunctionType) and "<" not in obj.__qualname__)
        return obj.__qualname__ if named and obj.__module__ == __name__ else None


class Unpickler(pickle.Unpickler):
    """Reads what `Pickler` has written."""

    def persistent_load(self, pid: str) -> Any:
        """The class or function of this file called `pid`."""
        first, *rest = pid.split(".")
        return functools.reduce(getattr, rest, globals()[first])


def pickled(value: Any) -> bytes:
    """Give `value` as a pickle."""
    data = io.BytesIO()
    Pickler(data, protocol=5).dump(value)
    return data.getvalue()
