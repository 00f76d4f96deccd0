def stored(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    # region plain
    """Let a task take and give exact values by XCom; every attempt runs in an empty folder of its own."""
    # region artifacts
    """Let a task take and give exact values by XCom, and artifacts by their paths in the artifact store.

    The options say what of its result is an artifact. Every attempt runs in an empty folder of its own.
    """
    # endregion
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        # region plain
        read = from_xcom
        # region eager
        read = fetch
        # region lazy
        read = from_xcom if options.get("lazy") else fetch  # lazy: the task itself fetches what it picks
        # endregion
        with empty_folder():
            try:
                value = function(*map(read, args), **{key: read(given) for key, given in kwargs.items()})
            except SystemExit as error:  # Airflow would take exit(0) for a success
                raise RuntimeError(f"the step ended its process with status {error.code}") from error
            # region classification
            for part in options.get("classification", ()):
                check_classification(select(value, part))
            # region discard
            if options.get("result", "value") is None:
                return None
            # region listed
            if options.get("listed") and not isinstance(value, list):
                raise TypeError(f"{function.__name__} promises a list to map over, and returned {type(value).__name__}")
            # region outputs plain
            if "outputs" in options:
                return {key: sent(select(value, where)) for key, (where, _) in options["outputs"].items()}
            # region outputs artifacts
            if "outputs" in options:
                parts = {key: (select(value, where), form) for key, (where, form) in options["outputs"].items()}
                return {key: sent(part, form, key) for key, (part, form) in parts.items()}
            # region plain
            return sent(value)
            # region artifacts
            return sent(value, options.get("result", "value"), "result")
            # endregion

    return run


@contextlib.contextmanager
def empty_folder() -> Generator[None]:
    """Work in an empty folder, and leave nothing of it behind."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        work = os.path.join(folder, "work")
        os.mkdir(work)
        os.chdir(work)
        try:
            yield
        finally:
            os.chdir(before)


# region plain
def sent(value: Any) -> Any:
    """Give the XCom of one result."""
    # region artifacts
def sent(value: Any, form: Any, key: str) -> Any:
    """Give the XCom of one result."""
    # endregion
    ti = get_current_context()["ti"]
    try:
        # region plain
        packed = to_xcom(value)
        # region artifacts
        packed = to_xcom(put(value, form, key, ti))
        # endregion
    except TypeError as error:
        raise TypeError(
            f"a result of {ti.task_id} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error
    if packed is None and ti.map_index >= 0:  # without an XCom a mapped task would lose its place in the list
        return {"$none": True}
    # SQLite takes a column that holds nothing but 3.0 for an integer
    return {"$float": repr(packed)} if isinstance(packed, float) and packed.is_integer() else packed
# region select


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)
# endregion
