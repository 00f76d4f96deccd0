# region pods
class PodTask(DecoratedOperator, KubernetesPodOperator):
    """Run a step in a pod of its own, which needs no Airflow: its code is in the module beside this file."""

    custom_operator_name = "@pod_task"
    template_fields = (*DecoratedOperator.template_fields, *KubernetesPodOperator.template_fields)
    template_ext = ()  # an argument that ends in .json is no file to read

    def __init__(self, *, python: str = "python3", requirements: Sequence[str] = (), **options: Any) -> None:
        super().__init__(do_xcom_push=True, deferrable=False, **options)  # the answer is to be unpacked here
        self.python = python
        self.requirements = requirements

    def execute(self, context: Any) -> Any:
        """Run the step, and what decorates it."""
        return self.python_callable(*self.op_args, **self.op_kwargs)

    def answer(self, step: str, call: Any) -> Any:
        """Start the pod, and give what the step answers."""
        self.cmds = [self.python, "-c", f"{inspect.getsource(in_container)}\n\n{in_container.__name__}()"]
        result = "/airflow/xcom/return.json"  # where Airflow's sidecar looks for it
        given = [as_argument(STEPS.read_text()), as_argument(json.dumps(call))]
        self.arguments = [step, result, *given, *self.requirements]
        return KubernetesPodOperator.execute(self, get_current_context())


pod_task = functools.partial(task_decorator_factory, decorated_operator_class=PodTask)


# region docker
class DockerTask(DecoratedOperator, DockerOperator):
    """Run a step in a container of Docker, which needs no Airflow: its code is in the module beside this file."""

    custom_operator_name = "@docker_task"
    template_fields = (*DecoratedOperator.template_fields, *DockerOperator.template_fields)
    template_ext = ()  # an argument that ends in .sh is no file to read
    pickling_library = json  # what the operator reads the result with

    def __init__(self, *, python: str = "python3", requirements: Sequence[str] = (), **options: Any) -> None:
        result = {"retrieve_output": True, "retrieve_output_path": "/tmp/answer.json"}
        super().__init__(auto_remove="force", mount_tmp_dir=False, **result, **options)
        self.python = python
        self.requirements = requirements

    def execute(self, context: Any) -> Any:
        """Run the step, and what decorates it."""
        return self.python_callable(*self.op_args, **self.op_kwargs)

    def answer(self, step: str, call: Any) -> Any:
        """Start the container, and give what the step answers."""
        self.entrypoint = [self.python, "-c", f"{inspect.getsource(in_container)}\n\n{in_container.__name__}()"]
        result = self.retrieve_output_path
        given = [as_argument(STEPS.read_text()), as_argument(json.dumps(call))]
        self.command = [step, result, *given, *self.requirements]
        return DockerOperator.execute(self, get_current_context())


docker_task = functools.partial(task_decorator_factory, decorated_operator_class=DockerTask)


# endregion
def in_container() -> None:
    """Run a step, in a container that gets this function as text: unpack its module and arguments, install, start."""
    import base64
    import os
    import subprocess
    import sys
    import tempfile
    import zlib

    step, result, code, call, *requirements = sys.argv[1:]
    if requirements:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *requirements], check=True)
    folder = tempfile.mkdtemp()
    for name, text in (("steps.py", code), ("call.json", call)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(zlib.decompress(base64.b64decode(text)))
    os.mkdir(os.path.join(folder, "work"))
    os.chdir(os.path.join(folder, "work"))
    os.execv(sys.executable, [sys.executable, os.path.join(folder, "steps.py"), step, folder, result])


def as_argument(text: str) -> str:
    """Give `text` in a form that Kubernetes and Docker take on a command line."""
    packed = base64.b64encode(zlib.compress(text.encode())).decode()
    if len(packed) >= 2**17:  # Linux takes no longer ones
        raise ValueError(f"{len(text)} characters are too many to be given to a container; return an artifact instead")
    return packed


def contained(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a step in the container of its task.

    A step that fails leaves its message as its answer, so that Airflow shows that; a killed one leaves none.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = get_current_context()
        call = {"args": addressed(args), "kwargs": addressed(kwargs)}
        # region artifacts
        ti = context["ti"]
        store = ARTIFACTS / ti.dag_id / ti.run_id / ti.task_id / str(ti.map_index) / str(ti.try_number)
        call["store"] = f"{store.protocol}://{store.path}"
        # endregion
        answer = context["task"].answer(function.__name__, call)
        if answer is None:
            raise RuntimeError("the container of the step has ended without an answer")
        if "exit" in answer:
            left = SystemExit(answer["exit"])
            raise RuntimeError(f"the step ended its process with status {left.code}") from left
        if "error" in answer:
            raise RuntimeError(answer["error"])
        # region plain contained outputs
        if answer["several"]:
            return {key: sent(from_xcom(value)) for key, value in answer["result"].items()}
        # region plain
        return sent(from_xcom(answer["result"]))
        # region artifacts
        result = placed(answer["result"], store)
        # region artifacts contained outputs
        if answer["several"]:
            return {key: sent(from_xcom(value), "value", key) for key, value in result.items()}
        # region artifacts
        return sent(from_xcom(result), "value", "result")
        # endregion

    return run


def addressed(value: Any) -> Any:
    # region plain
    """Give what comes from XCom as JSON."""
    # region artifacts
    """Give what comes from XCom as JSON, and artifacts by their addresses in the store."""
    if isinstance(value, ObjectStoragePath):
        # objects lie in the folder of an attempt, files one level below
        kind = "$object" if value.parent.name.isdigit() else "$file"
        return {kind: f"{value.protocol}://{value.path}"}
    # endregion
    if isinstance(value, dict):
        return {key: addressed(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [addressed(item) for item in value]
    return value
