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
