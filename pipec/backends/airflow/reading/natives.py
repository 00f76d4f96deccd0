"""Tasks that stay in Airflow's own words."""

from __future__ import annotations

import ast
import re
from datetime import timedelta

from pipec.backends.airflow.names import CONTEXT
from pipec.backends.airflow.reading.evaluate import pulled
from pipec.backends.airflow.reading.policies import BASE
from pipec.backends.airflow.reading.scope import Text, is_constant, literal, merged, with_source, written
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import (
    Arg,
    Function,
    Parameter,
    Refusal,
    Result,
    Task,
)
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.pysource.text import double_quoted

PYTHON = "airflow.providers.standard.operators.python"
SENSOR = "airflow.providers.standard.sensors.python"
OPERATORS: dict[str, tuple[str, str]] = {
    "task": (PYTHON, "PythonOperator"),
    "asset": (PYTHON, "PythonOperator"),
    "setup": (PYTHON, "PythonOperator"),
    "teardown": (PYTHON, "PythonOperator"),
    "task.branch": (PYTHON, "BranchPythonOperator"),
    "task.short_circuit": (PYTHON, "ShortCircuitOperator"),
    "task.virtualenv": (PYTHON, "PythonVirtualenvOperator"),
    "task.external_python": (PYTHON, "ExternalPythonOperator"),
    "task.branch_virtualenv": (PYTHON, "BranchPythonVirtualenvOperator"),
    "task.branch_external_python": (PYTHON, "BranchExternalPythonOperator"),
    "task.sensor": (SENSOR, "PythonSensor"),
}
"""TaskFlow decorator -> the operator that it stands for."""
COVERED = frozenset(
    ["owner", "retries", "retry_delay", "retry_exponential_backoff", "max_retry_delay", "start_date", "end_date"]
)
"""What a pipeline gives to all its tasks itself."""

NOT_KEPT = ("dag", "task_group", "task_id", "provide_context")


def short(task: Task) -> str:
    """The operator of `task` for people."""
    return f"@{task.word}" if task.is_taskflow else task.word.rpartition(".")[2]


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


class NativeSource:
    """The source of one native step."""

    def __init__(self, state: State, task: Task, id_: str) -> None:
        self.state = state
        self.task = task
        self.id = id_
        """Its id as it must stand in the source."""
        self.helper = ""
        """A function that calls the task's own with what it pulls; "" where none is needed."""
        self.lost: list[tuple[str, Arg]] = []
        """Defaults of the DAG that could not be written."""

    def write(self) -> Text:
        """The expression that makes the task."""
        if self.task.is_taskflow:
            text = self._taskflow()
        elif self._is_verbatim():
            text = self.task.text
        else:
            text = self._edited()
        suffix = ".as_setup()" if self.task.setup else ".as_teardown()" if self.task.teardown else ""
        if self.task.teardown and "on_failure_fail_dagrun" in self.task.given:
            suffix = ".as_teardown(on_failure_fail_dagrun=True)"
        if text.refs:
            raise Refusal(
                self.task.node, f"the task {self.task.id!r}",
                f"`{short(self.task)}` takes what another task gives, and has no counterpart of its own",
            )  # fmt: skip
        return Text(text.source + suffix, text.names, text.imports, tasks=text.tasks)

    def _is_verbatim(self) -> bool:
        keywords = self._operator_call(self.task.node).keywords
        given = {k.arg for k in keywords}
        return (
            None not in given and not given & {"dag", "task_group", "provide_context"} and not self.task.text.refs
            and not self.task.text.tasks and not self.task.attributes and not self._defaults()
            and any(k.arg == "task_id" and _is_text(k.value, self.id) for k in keywords)
        )  # fmt: skip

    def _operator_call(self, node: ast.expr) -> ast.Call:
        """The call that has the task's settings: of `X.partial(...).expand(...)` the first."""
        while isinstance(node, ast.Call):
            if any(k.arg == "task_id" for k in node.keywords) or not isinstance(node.func, ast.Attribute):
                return node
            if not isinstance(node.func.value, ast.Call):
                return node
            node = node.func.value
        raise Refusal(node, f"the task {self.task.id!r}", "it is not known how it is made")

    def _defaults(self) -> dict[str, object]:
        """Defaults of the DAG and its groups that the call must say itself."""
        found: dict[str, object] = {}
        task = self.task
        for owner in (*(task.group.inside() if task.group else ()), task.dag):
            given = owner.given.get("default_args")
            if given is None or not isinstance(given.value, dict):
                continue
            for name, value in given.value.items():
                known = name in task.given or name in task.attributes or name in found
                covered = owner is task.dag and (name in COVERED or is_constant(value))
                if not known and not covered and value is not None and name in BASE:
                    found[str(name)] = value
        return found

    def _edited(self) -> Text:
        """The call with other arguments where the original's have no meaning in the result."""
        task = self.task
        own = self._operator_call(task.node)
        texts = {name: arg.text for name, arg in task.given.items()}
        head = self.state.writer.text(own.func, self.state.module)
        if isinstance(own.func, ast.Attribute) and own is not task.node:
            head = self.state.writer.text(own.func, self.state.module)
        arguments = [arg.text for arg in task.args] if not task.function and not task.mapping else []
        parts: list[tuple[str, Text]] = [("task_id", Text(literal(self.id)))]
        for name, text in texts.items():
            if name not in NOT_KEPT:
                parts.append((name, self._value(task.given[name], text)))
        parts += self._further(set(texts))
        source = f"{head.source}({', '.join([*(a.source for a in arguments), *(f'{k}={t.source}' for k, t in parts)])})"
        needs = [head, *arguments, *(t for _, t in parts)]
        if task.mapping is not None:
            over = [(k, self._value(a, a.text)) for k, a in task.mapping.over.items()]
            listed = ", ".join(f"{k}={t.source}" if k else t.source for k, t in over)
            source += f".{task.mapping.mode}({listed})"
            needs += [t for _, t in over]
        return _laid_out(source, needs)

    def _further(self, seen: set[str]) -> list[tuple[str, Text]]:
        """What was set later, and what the DAG says for all."""
        found = [(name, self._value(a, a.text)) for name, a in self.task.attributes.items() if name not in seen]
        for name, value in self._defaults().items():
            text = constant_text(value)
            if text is not None:
                found.append((name, text))
            else:
                given = self.task.default(name)
                assert given is not None
                self.lost.append((name, given))
        return found

    def _value(self, arg: Arg, text: Text) -> Text:
        """An argument; results of tasks and parameters in it as the templates that Airflow makes of them."""
        if not text.refs:
            return text
        if is_constant(arg.value):
            return Text(literal(arg.value))
        if (found := written(arg.value)) is not None:
            return found
        made = _templated(arg.value)
        return text if made is None else Text(literal(made), text.names, text.imports)

    def _taskflow(self) -> Text:
        """`@task` functions by the operators that they stand for."""
        task = self.task
        if task.word not in OPERATORS:
            return self._decorated()
        module, name = OPERATORS[task.word]
        function = task.function
        assert isinstance(function, Function)
        called = self.helper or function.name
        parts: list[tuple[str, Text]] = [("task_id", Text(literal(self.id)))]
        parts.append(("python_callable", Text(called, frozenset([called]))))
        if not self.helper:
            if task.args:
                parts.append(("op_args", _joined("[", task.args, "]")))
            if task.kwargs:
                parts.append(("op_kwargs", _joined_dict(task.kwargs)))
        parts += [
            (n, self._value(a, a.text)) for n, a in task.given.items() if n not in (*NOT_KEPT, "on_failure_fail_dagrun")
        ]
        parts += self._further(set(task.given))
        if task.mapping is not None:
            return self._mapped(name, module, parts)
        source = f"{name}({', '.join(f'{k}={t.source}' for k, t in parts)})"
        return _laid_out(
            source, [*(t for _, t in parts), Text("", imports=frozenset([f"from {module} import {name}"]))]
        )

    def _mapped(self, name: str, module: str, parts: list[tuple[str, Text]]) -> Text:
        """`.expand` of a TaskFlow function: over its arguments, which are constants."""
        task, how = self.task, self.task.mapping
        assert how is not None
        if how.mode != "expand" or len(how.over) != 1 or self.helper:
            return self._decorated()
        key, arg = next(iter(how.over.items()))
        if not isinstance(arg.value, (list, tuple)) or not is_constant(arg.value):
            return self._decorated()
        items = literal([{key: item} for item in arg.value])
        fixed = [(k, t) for k, t in parts if k != "op_kwargs"]
        if task.kwargs:
            merged_items = [{**{k: a.value for k, a in task.kwargs.items()}, key: item} for item in arg.value]
            if not is_constant(merged_items):
                return self._decorated()
            items = literal(merged_items)
        source = f"{name}.partial({', '.join(f'{k}={t.source}' for k, t in fixed)}).expand(op_kwargs={items})"
        return _laid_out(
            source, [*(t for _, t in fixed), Text("", imports=frozenset([f"from {module} import {name}"]))]
        )

    def _decorated(self) -> Text:
        """`task.bash(task_id="x")(f)(a, b=1)`."""
        task = self.task
        function = task.function
        assert isinstance(function, Function)
        head = task.word.partition(".")[0]
        called = self.helper or function.name
        options = [("task_id", Text(literal(self.id)))]
        options += [(n, self._value(a, a.text)) for n, a in task.given.items() if n not in NOT_KEPT]
        options += self._further(set(task.given))
        made = f"{task.word}({', '.join(f'{k}={t.source}' for k, t in options)})({called})"
        needs = [t for _, t in options]
        if task.mapping is not None:
            if task.kwargs:
                made += f".partial({', '.join(f'{k}={_plain(a).source}' for k, a in task.kwargs.items())})"
                needs += [_plain(a) for a in task.kwargs.values()]
            over = {k: _plain(a) for k, a in task.mapping.over.items()}
            listed = ", ".join(f"{k}={t.source}" if k else t.source for k, t in over.items())
            made += f".{task.mapping.mode}({listed})"
            needs += over.values()
        elif self.helper:
            made += "()"
        else:
            arguments = [_plain(a).source for a in task.args]
            arguments += [f"{k}={_plain(a).source}" for k, a in task.kwargs.items()]
            made += f"({', '.join(arguments)})"
            needs += [_plain(a) for a in (*task.args, *task.kwargs.values())]
        imported = Text("", frozenset([called]), frozenset([f"from airflow.sdk import {head}"]))
        return _laid_out(made, [*needs, imported])


def _laid_out(source: str, needs: list[Text]) -> Text:
    found = merged(*needs)
    try:
        flat = double_quoted(ast.unparse(ast.parse(source, mode="eval").body)) if "\n" in source else source
        lines = fitted(flat, 4)
    except SyntaxError:
        return with_source(found, source)
    text = "\n".join(line[4:] for line in lines) if not lines[-1].endswith("# fmt: skip") else flat
    return with_source(found, text)


def _joined(left: str, args: list[Arg], right: str) -> Text:
    texts = [_plain(a) for a in args]
    found = merged(*texts)
    return with_source(found, f"{left}{', '.join(t.source for t in texts)}{right}")


def _joined_dict(args: dict[str, Arg]) -> Text:
    texts = {k: _plain(a) for k, a in args.items()}
    found = merged(*texts.values())
    inner = ", ".join(f"{literal(k)}: {t.source}" for k, t in texts.items())
    return with_source(found, f"{{{inner}}}")


def _plain(arg: Arg) -> Text:
    if arg.text.refs and is_constant(arg.value):
        return Text(literal(arg.value))
    if arg.text.refs and (found := written(arg.value)) is not None:
        return found
    if arg.text.refs and (made := _templated(arg.value)) is not None and _is_parameter(arg.value):
        return Text(literal(made))
    return arg.text


def _is_parameter(value: object) -> bool:
    return isinstance(value, Parameter)


def constant_text(value: object) -> Text | None:
    """A default as source."""
    if is_constant(value):
        return Text(literal(value))
    if isinstance(value, timedelta):
        return Text(
            f"timedelta(seconds={value.total_seconds():g})", imports=frozenset(["from datetime import timedelta"])
        )
    if isinstance(value, Function) and value.name:
        return Text(value.name, frozenset([value.name]))
    return None


def _templated(value: object) -> object:
    """`value` with templates in place of results and parameters; `None` where that would be something else."""
    match value:
        case Result():
            return pulled(value) if not value.path else None
        case Parameter():
            return f"{{{{ params.{value.name} }}}}"
        case dict():
            found = {k: v if is_constant(v) else _templated(v) for k, v in value.items()}
            return found if all(v is not None or value[k] is None for k, v in found.items()) else None
    return None


def pulls_of(text: str) -> tuple[set[str], bool]:
    """The tasks whose XComs a piece of source pulls, and whether it pulls of tasks that are not known."""
    found: set[str] = set()
    unknown = False
    for match in re.finditer(r"xcom_pull\(", text):
        inner = text[match.end() : match.end() + 400]
        named = re.match(r"[^)]*?task_ids\s*=\s*(\[[^\]]*\]|\\?['\"][\w.\-]+\\?['\"])", inner)
        first = re.match(r"\s*(\[[^\]]*\]|\\?['\"][\w.\-]+\\?['\"])", inner)
        chosen = named or first
        if chosen is None:
            unknown = True
        else:
            found |= set(re.findall(r"[\w.\-]+", chosen[1].replace("\\", "")))
    return found, unknown


def helper_source(task: Task, function: Function, name: str) -> str:
    """A function that pulls the results that `task` takes, and calls its function with them."""
    arguments = [_pulled_source(a) for a in task.args]
    arguments += [f"{key}={_pulled_source(a)}" for key, a in task.kwargs.items()]
    own = function.node.args
    given = set(task.kwargs) | {a.arg for a, _ in zip([*own.posonlyargs, *own.args], task.args)}
    for one in (*own.posonlyargs, *own.args, *own.kwonlyargs):
        if one.arg in CONTEXT and one.arg not in given:
            arguments.append(f'{one.arg}=context["{one.arg}"]')
    if own.kwarg:
        arguments.append("**context")
    doc = f'    """Call `{function.name}` with the results of other tasks."""'
    return f"def {name}(**context):\n{doc}\n    return {function.name}({', '.join(arguments)})"


def _pulled_source(arg: Arg) -> str:
    return _source(arg.value, arg)


def _source(value: object, arg: Arg) -> str:
    match value:
        case Result():
            key = f", key={literal(value.key)}" if value.key else ""
            path = "".join(f"[{literal(p)}]" for p in value.path)
            return f'context["ti"].xcom_pull(task_ids={literal(value.task.id)}{key}){path}'
        case Parameter():
            return f'context["params"][{literal(value.name)}]'
        case list() | tuple() if not is_constant(value):
            return f"[{', '.join(_source(v, arg) for v in value)}]"
        case dict() if not is_constant(value):
            return f"{{{', '.join(f'{literal(k)}: {_source(v, arg)}' for k, v in value.items())}}}"
    if is_constant(value):
        return literal(value)
    if arg.value is value and not arg.text.refs:
        return arg.text.source
    raise Refusal(arg.node, "this argument", "it takes what another task gives in a way that has no counterpart")
