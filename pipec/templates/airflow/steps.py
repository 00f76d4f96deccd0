class Kept:
    """An artifact of a result, by its path in the folder of results."""

    def __init__(self, path: str) -> None:
        self.path = path


def stored(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    # region plain
    """Let a step take and give exact values as JSON."""
    # region artifacts
    """Let a step take and give exact values as JSON, and artifacts by their paths.

    The options say what of its result is an artifact.
    """
    # endregion
    if function is None:
        return functools.partial(stored, **options)

    @functools.wraps(function)
    def run(folder: Path) -> Any:
        call = json.loads((folder / "call.json").read_text())
        arguments = [from_xcom(given) for given in call["args"]]
        value = function(*arguments, **{name: from_xcom(given) for name, given in call["kwargs"].items()})
        # region classification
        for part in options.get("classification", ()):
            check_classification(select(value, part))
        # region discard
        if options.get("result", "value") is None:
            return None
        # region listed
        if options.get("listed") and not isinstance(value, list):
            raise TypeError(f"{function.__name__} promises a list to map over, and returned {type(value).__name__}")
        # region outputs
        if "outputs" in options:
            parts = {key: (select(value, where), form) for key, (where, form) in options["outputs"].items()}
            return {key: sent(part, form, key, folder, function.__name__) for key, (part, form) in parts.items()}
        # endregion
        return sent(value, options.get("result", "value"), "result", folder, function.__name__)

    run.several = "outputs" in options
    return run


# region no containers
def run_step(name: str, folder: Path) -> None:
    """Run a step with the arguments in `folder`, and leave there what it gives."""
    # region containers
def run_step(name: str, folder: Path, result: str = "answer.json") -> None:
    """Run a step with the arguments in `folder`, and leave what it gives in a file there, or elsewhere."""
    # endregion
    step = globals()[name]
    try:
        answer = {"result": step(folder), "several": step.several}
        # region contained artifacts
        hand_over(folder)
        # endregion
    except SystemExit as error:
        answer = {"exit": error.code if isinstance(error.code, int) else str(error.code)}
    except Exception as error:
        traceback.print_exc()
        answer = {"error": str(error)}
    text = json.dumps(answer, default=lambda kept: {"$path": kept.path})
    # region no containers
    (folder / "answer.json").write_text(text)
    # region containers
    (folder / result).write_text(text)
    # endregion


def sent(value: Any, form: Any, key: str, folder: Path, step: str) -> Any:
    """Give one result as JSON has it."""
    try:
        # region plain
        return to_xcom(value)
        # region artifacts
        return to_xcom(put(value, form, key, folder / "result"))
        # endregion
    except TypeError as error:
        raise TypeError(
            f"a result of {step} cannot travel as a value: {error}; annotate it with its own type to store it"
        ) from error
# region artifacts


def put(value: Any, form: Any, key: str, folder: Path) -> Any:
    """Write the artifacts in `value` into `folder`, and give their paths in the same collections."""
    if value is None or form == "value":
        return value
    # region nested
    if isinstance(form, list):
        return type(value)(put(item, form[0], f"{key}.{i}", folder) for i, item in enumerate(value))
    if isinstance(form, tuple):
        if len(value) != len(form):
            raise ValueError(f"{len(form)} results expected, {len(value)} given")
        return tuple(put(item, inner, f"{key}.{i}", folder) for i, (item, inner) in enumerate(zip(value, form)))
    if isinstance(form, dict):
        return {name: put(item, form["*"], f"{key}.{i}", folder) for i, (name, item) in enumerate(value.items())}
    # region artifacts
    folder.mkdir(exist_ok=True)
    # region files objects
    made = put_file(Path(value), folder / key) if form == "file" else put_object(value, form, folder / key)
    # region files only
    made = put_file(Path(value), folder / key)
    # region objects only
    made = put_object(value, form, folder / key)
    # region artifacts
    return Kept(made.relative_to(folder).as_posix())
# region files


def put_file(source: Path, folder: Path) -> Path:
    """Copy a file or folder under its own name."""
    if not source.exists():
        raise FileNotFoundError(f"the step returned {str(source)!r}, which is not there")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.resolve().name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
    return target
# region select


def select(value: Any, where: int | str | None) -> Any:
    """Give the whole of a result, the element at an index, or an attribute."""
    if where is None:
        return value
    return value[where] if isinstance(where, int) else getattr(value, where)
# endregion
