def isolated(requirements: Sequence[str] = (), python: str = sys.executable) -> Callable[..., Any]:
    """Run a task in a virtual environment of its own, without Airflow: its code is in the module beside this file.

    Every attempt runs in an empty folder of its own.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with empty_folder():
                folder = Path.cwd().parent
                call = {"args": brought(args), "kwargs": {name: brought(given) for name, given in kwargs.items()}}
                (folder / "call.json").write_text(json.dumps(call))
                command = [virtualenv(python, requirements), str(STEPS), function.__name__, str(folder)]
                status = subprocess.run(command, check=False).returncode
                if status:
                    raise RuntimeError(f"the process of the step has ended with status {status}")
                answer = json.loads((folder / "answer.json").read_text())
                if "exit" in answer:
                    left = SystemExit(answer["exit"])
                    raise RuntimeError(f"the step ended its process with status {left.code}") from left
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                # region isolated outputs
                if answer["several"]:
                    return {key: handed_on(value, folder) for key, value in answer["result"].items()}
                # region plain
                return handed_on(answer["result"], folder)
                # region artifacts
                return handed_on(answer["result"], folder)
                # endregion

        return run

    return decorate


def virtualenv(python: str, requirements: Sequence[str]) -> str:
    """Give the interpreter of a virtual environment with these packages; each worker makes it once."""
    digest = hashlib.sha256(json.dumps([python, *requirements]).encode()).hexdigest()[:16]
    home = Path(os.environ.get("VIRTUALENVS", Path(AIRFLOW_HOME) / "virtualenvs")) / digest
    ready = home.with_suffix(".ready")
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:  # another task may be making the same one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)
            prepare_virtualenv(str(home), python, system_site_packages=False, requirements=list(requirements))
            ready.touch()
    return str(home / "bin" / "python")


def brought(value: Any) -> Any:
    # region plain
    """Give what comes from XCom as JSON."""
    # region artifacts
    """Give what comes from XCom as JSON, and artifacts as paths of copies beside the working folder."""
    if isinstance(value, ObjectStoragePath):
        target = Path(tempfile.mkdtemp(dir=Path.cwd().parent)) / value.name
        value.fs.get(value.path, str(target), recursive=value.is_dir())
        # objects lie in the folder of an attempt, files one level below
        return {"$object" if value.parent.name.isdigit() else "$file": str(target)}
    # endregion
    if isinstance(value, dict):
        return {key: brought(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [brought(item) for item in value]
    return value


# region plain
def handed_on(value: Any, folder: Path) -> Any:
    """Give the XCom of one result."""
    return sent(from_xcom(value))
# region artifacts
def handed_on(value: Any, folder: Path) -> Any:
    """Give the XCom of one result, with its artifacts in the store."""
    ti = get_current_context()["ti"]
    target = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
    for made in (folder / "result").glob("*"):
        target.mkdir(parents=True, exist_ok=True)
        target.fs.put(str(made), (target / made.name).path, recursive=made.is_dir())
    return sent(from_xcom(placed(value, target)), "value", "result")
# endregion
