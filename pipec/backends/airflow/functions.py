"""Task functions: the user's own under `@task`, with their settings and decorators."""

from __future__ import annotations

from dataclasses import dataclass

from pipec.backends.airflow import contained, settings
from pipec.backends.airflow.draft import CallbackDraft, FunctionDraft
from pipec.backends.airflow.literals import literal
from pipec.backends.airflow.names import HELPERS, Names, steps_name
from pipec.backends.airflow.native import isolation
from pipec.backends.airflow.values import DICTS, Facts, Spec
from pipec.compiler.rendering import python_literal as py
from pipec.ir import Component, Pipeline, Task


@dataclass(frozen=True)
class CacheKey:
    """What a cached result depends on besides the arguments, and which of these it does not depend on."""

    digest: str
    ignore: tuple[str, ...]


class Functions:
    """The task functions of one file."""

    def __init__(
        self, pipeline: Pipeline, names: Names, facts: Facts, version: tuple[int, int], image: str = ""
    ) -> None:
        self.pipeline = pipeline
        self.image = image
        """The image of containers whose steps name none."""
        self.names = names
        self.facts = facts
        self.version = version
        self.drafts: list[FunctionDraft] = []
        self.by_component: dict[str, FunctionDraft] = {}
        defined = {n for d in pipeline.definitions for n in d.names}
        self.helpers = {name: names.fresh(name) if name in defined else name for name in sorted(HELPERS)}
        """Helper function -> its name in this file."""
        self.wanted: set[str] = set()
        """Helpers that the task functions use."""
        self.callbacks: dict[tuple[str, str], CallbackDraft] = {}
        """Hook and message -> the function that Airflow calls."""
        self._parameter: FunctionDraft | None = None
        self._collected: FunctionDraft | None = None

    def helper(self, name: str) -> str:
        """The helper called `name`, which the file then contains."""
        self.wanted.add(name)
        return self.helpers[name]

    def direct(self, component: Component, task: Task, spec: Spec) -> FunctionDraft:
        """The user's function as a task."""
        if component.name not in self.by_component:
            assert component.function is not None
            options = self.options(component, task, spec)
            decorators = self.decorators(component, task, spec, component.function)
            isolated = self.isolated(component, task)
            draft = FunctionDraft(
                component.function, operator=self.operator(task), options=options, decorators=decorators,
                definition=component.function,
                caught=spec.caught, isolated=isolated, parameters=_signature(component) if isolated else (),
                doc=self.elsewhere if isolated else "",
            )  # fmt: skip
            self.by_component[component.name] = draft
            self.drafts.append(draft)
        return self.by_component[component.name]

    def options(self, component: Component, task: Task, spec: Spec) -> dict[str, str]:
        """Keyword arguments of the operator of a step."""
        options: dict[str, str] = {}
        if spec.outputs or spec.caught:
            options["multiple_outputs"] = "True"
        elif returns_dict(component, self.pipeline):
            options["multiple_outputs"] = "False"  # else TaskFlow would make an XCom of every key
        default = self.pipeline.policy.default_retry
        where = isolation(self.pipeline.policy, task.policy)
        if where in contained.DECORATORS:
            found = contained.options(task, component, where, self.image)
            found |= settings.operator_options(task.policy, self.version, default)
        else:
            found = settings.task_options(task.policy, component.image, self.version, default)
        if "executor_config" in found:
            found["executor_config"] = found["executor_config"].replace("pod(", f"{self.helper('pod')}(", 1)
        return options | found | self.told(task)

    def operator(self, task: Task) -> str:
        """The decorator that makes a step a task: `task`, or one of the file's own."""
        own = contained.DECORATORS.get(isolation(self.pipeline.policy, task.policy))
        return self.helper(own) if own else "task"

    def told(self, task: Task) -> dict[str, str]:
        """The option that has somebody told when a step has failed for good."""
        if task.policy.on_failure is None:
            return {}
        step = task.site.step
        message = f"step {step} has failed: {{context.get('exception')}}"
        return {"on_failure_callback": self.callback(f"{step}_failed", task.policy.on_failure, message)}

    def callback(self, name: str, hook: str, message: str) -> str:
        """A function that Airflow calls with its context, and that calls `hook` with `message`, an f-string's text."""
        function = self.pipeline.component(hook).function
        wanted = (hook, message)
        if wanted not in self.callbacks:
            self.callbacks[wanted] = CallbackDraft(self.names.fresh(name), f'{function}(f"{message}")')
        return self.callbacks[wanted].name

    def decorators(
        self,
        component: Component,
        task: Task,
        spec: Spec,
        function: str,
        lazy: bool = False,
        key: CacheKey | None = None,
    ) -> tuple[str, ...]:
        """Our decorators of a step, outermost first. `function`: the name of what is decorated, where it is known.

        `key`: what a cached result depends on besides the arguments, where these are not the step's own.
        """
        found = self.caught(spec, task.site.step, function) if spec.caught else []
        found += self.watched(component, task)
        cache = task.policy.cache
        if cache is not None:
            key = key or CacheKey(component.digest, cache.ignore)
            arguments = [py(f"{key.digest[:16]}{'-' if cache.version else ''}{cache.version}")]
            if cache.ttl is not None:
                arguments.append(f"ttl={settings.duration(cache.ttl)}")
            if key.ignore:
                arguments.append(f"ignore={literal(repr(key.ignore))}")
            found.append(f"{self.helper('cached')}({', '.join(arguments)})")
        if task.policy.env and isolation(self.pipeline.policy, task.policy) not in contained.DECORATORS:
            found.append(f"{self.helper('with_environment')}({settings.mapping(task.policy.env)})")
        return (*found, self.stored(spec, lazy))

    def watched(self, component: Component, task: Task) -> list[str]:
        """The decorator that warns, and has somebody told, when an attempt takes long."""
        deadline = task.policy.deadline
        if deadline is None:
            return []
        arguments = [settings.duration(deadline.after)]
        if deadline.tell is not None:
            hook = self.pipeline.component(deadline.tell).function or ""
            order = [name for definition in self.pipeline.definitions for name in definition.names]
            known = component.function in order and order.index(hook) < order.index(component.function)
            # the decorator runs with the file, where a function further down is not there yet
            arguments.append(hook if known else f"lambda message: {hook}(message)")
        return [f"{self.helper('watched')}({', '.join(arguments)})"]

    def isolated(self, component: Component, task: Task) -> str:
        """The decorator of a step that runs elsewhere than in the worker's own process; "" for others."""
        where = isolation(self.pipeline.policy, task.policy)
        if where == "worker":
            return ""
        self.helper("stored")
        if where in contained.DECORATORS:
            return self.helper("contained")
        arguments = []
        if component.packages:
            arguments.append("requirements=[" + ", ".join(map(py, component.packages)) + "]")
        if component.python:
            arguments.append(f"python={py(f'python{component.python}')}")
        return f"{self.helper('isolated')}({', '.join(arguments)})"

    @property
    def elsewhere(self) -> str:
        """The docstring of a function whose code is in the module beside the DAG file."""
        return f"In {steps_name(self.pipeline.name)}."

    def caught(self, spec: Spec, step: str = "", function: str = "") -> list[str]:
        """The decorator that lets a task end well. `step`: its name for people, where `function` is not."""
        if step:
            self.helper("message_of")
        arguments = [f"step={py(step)}"] if step != function else []
        arguments += ["several=True"] if spec.outputs else []
        name = self.helper("caught")
        return [f"{name}({', '.join(arguments)})" if arguments else name]

    def stored(self, spec: Spec, lazy: bool = False) -> str:
        """The decorator that carries arguments and results."""
        arguments: list[str] = []
        if spec.outputs:
            entries = [
                f"{py(key)}: ({where if isinstance(where, int) else py(where)}, {form})"
                for key, where, form in spec.outputs
            ]
            arguments.append("outputs={" + ", ".join(entries) + "}")
        elif spec.result != '"value"':
            arguments.append(f"result={spec.result}")
        if spec.classification:
            self.helper("check_classification")
            arguments.append(f"classification=[{', '.join(map(py, spec.classification))}]")
        if lazy:
            arguments.append("lazy=True")
        name = self.helper("stored")
        return f"{name}({', '.join(arguments)})" if arguments else name

    @property
    def takes_params(self) -> bool:
        """Whether `dag.param()` may be an argument: before 3.2 its address gets into the serialized DAG."""
        return self.version >= (3, 2)

    def parameter(self) -> FunctionDraft:
        """A function that hands on a parameter of the DAG."""
        if self._parameter is None:
            taken = ("value",) if self.takes_params else ("name",)
            body = "return value" if self.takes_params else 'return get_current_context()["params"][name]'
            self._parameter = FunctionDraft(self.names.fresh("parameter"), parameters=taken, body=(body,))
            self.drafts.append(self._parameter)
        return self._parameter

    def empty(self) -> FunctionDraft:
        """Airflow's operator that does nothing."""
        return FunctionDraft("EmptyOperator", operator="class")

    def collected(self) -> FunctionDraft:
        """A function that lists the results of a task of a mapped group."""
        if self._collected is None:
            body = (
                f"values = get_current_context()[{py('ti')}].xcom_pull(task_ids=[task_id], key=key)",
                "return [value for value in values if value is not None]",
            )
            self._collected = FunctionDraft(
                self.names.fresh("collected"), parameters=("task_id", 'key="return_value"'), body=body,
                doc="List what a task of a mapped group gave for each item; as an argument one item would be no list.",
            )  # fmt: skip
            self.drafts.append(self._collected)
        return self._collected

    def add(self, draft: FunctionDraft) -> FunctionDraft:
        """`draft`, or the equal one that is there already."""
        for other in self.drafts:
            same = (other.parameters, other.body, other.decorators, other.isolated, other.options, other.operator)
            if not draft.definition and same == (
                draft.parameters,
                draft.body,
                draft.decorators,
                draft.isolated,
                draft.options,
                draft.operator,
            ):
                return other
        self.drafts.append(draft)
        return draft


def _signature(component: Component) -> tuple[str, ...]:
    """The parameters of a step's function; what its defaults are is decided where it runs."""
    ports = [(port.kind, port.name if port.required else f"{port.name}=...") for port in component.ports]
    keywords = [text for kind, text in ports if kind == "keyword"]
    return (*(text for kind, text in ports if kind == "positional"), *(["*", *keywords] if keywords else []))


def returns_dict(component: Component, pipeline: Pipeline) -> bool:
    """Whether TaskFlow would take the annotated result for several outputs."""
    text = component.returns.strip().strip("\"'")
    if DICTS.match(text):
        return True
    return any(
        text in d.names and d.kind == "class" and ("TypedDict" in d.source or "(dict" in d.source)
        for d in pipeline.definitions
    )
