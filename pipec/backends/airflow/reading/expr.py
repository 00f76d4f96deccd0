"""Arguments of tasks as expressions of a pipeline's body."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipec.backends.airflow.reading.scope import is_constant, literal
from pipec.backends.airflow.reading.templates import Fact, is_template, split
from pipec.backends.airflow.reading.values import Arg, Combined, Dag, Parameter, Result, Task

if TYPE_CHECKING:
    from pipec.backends.airflow.reading.plan import Plan


class Inexpressible(Exception):
    """It has no counterpart in a pipeline's body."""


class Exprs:
    """Writes what the tasks of one DAG take. Results are written as `mark(task)` until variables are given out."""

    def __init__(self, dag: Dag, plans: dict[Task, Plan]) -> None:
        self.dag = dag
        self.plans = plans
        self.numbers = {task: i for i, task in enumerate(dag.tasks.values())}
        native = dag.option("render_template_as_native_obj")
        self.typed = native is not None and native.value is True
        self.run = False
        """Whether something of `run` is used."""
        self.conf: dict[str, object] = {}

    def mark(self, task: Task) -> str:
        """What stands for the result of `task` for now."""
        return f"\0{self.numbers[task]}\0"

    def of(self, value: object, arg: Arg | None = None, templates: bool = True) -> str:
        """`value` as an expression."""
        if is_constant(value):
            return self._constant(value, arg, templates)
        match value:
            case Result():
                return self.result(value)
            case Parameter():
                return value.name
            case list() | tuple():
                items = [self.of(v, None, templates) for v in value]
                if isinstance(value, list):
                    return f"[{', '.join(items)}]"
                return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
            case dict():
                pairs = [f"{self.of(k, None, False)}: {self.of(v, None, templates)}" for k, v in value.items()]
                return f"{{{', '.join(pairs)}}}"
        raise Inexpressible

    def _constant(self, value: object, arg: Arg | None, templates: bool) -> str:
        if templates and has_template(value):
            if isinstance(value, str):
                return self.template(value)
            if isinstance(value, list):
                return f"[{', '.join(self._constant(v, None, True) for v in value)}]"
            if isinstance(value, dict):
                return f"{{{', '.join(f'{literal(k)}: {self._constant(v, None, True)}' for k, v in value.items())}}}"
            raise Inexpressible
        text = arg.text if arg is not None else None
        if text is not None and not text.names and not text.imports and not text.refs and not text.free:
            if "\n" not in text.source and text.source != "...":
                return text.source
        return literal(value)

    def result(self, value: Result) -> str:
        """The result of a task, or what is looked up in it."""
        plan = self.plans[value.task]
        source = self.mark(value.task)
        path = "".join(f"[{literal(p)}]" for p in value.path)
        if plan.pushes:
            plan.looked_into = plan.looked_into or "dict"
            return f"{source}.get({literal(value.key or 'return_value')}){path}"
        if value.key is not None:
            if value.task.mapping is not None:
                raise Inexpressible
            plan.looked_into = plan.looked_into or "dict"
            return f"{source}[{literal(value.key)}]{path}"
        if path:
            plan.looked_into = plan.looked_into or "dict"
        return source + path

    def template(self, text: str) -> str:
        """A Jinja template."""
        parts = split(text)
        if parts is None:
            raise Inexpressible
        if not parts:
            return '""'
        if len(parts) == 1 and isinstance(parts[0], Fact):
            return self.fact(parts[0], text=not self.typed)
        if self.typed:
            raise Inexpressible  # Airflow would evaluate the text
        return self.joined(parts)

    def joined(self, parts: list[str | Fact]) -> str:
        """Text with facts in it as an f-string."""
        found = ""
        for part in parts:
            if isinstance(part, str):
                found += _inner(part)
            else:
                inner = self.fact(part)
                if '"' in inner or "\\" in inner:
                    inner = inner.replace('"', "'")
                    if "\\" in inner or inner.count("'") % 2:
                        raise Inexpressible
                found += f"{{{inner}}}"
        return f'f"{found}"'

    def fact(self, fact: Fact, text: bool = False) -> str:
        """What the orchestrator knows, as an expression; `text`: as text, as a template gives it."""
        match fact.kind:
            case "ds":
                self.run = True
                return "run.date"
            case "ds_nodash":
                self.run = True
                return 'run.date.replace("-", "")'
            case "run_id":
                self.run = True
                return "run.id"
            case "attempt":
                self.run = True
                return "run.attempt"
            case "params":
                return f"{{{', '.join(f'{literal(n)}: {n}' for n in self.dag.parameters)}}}"
            case "param":
                return self._parameter(fact, text)
            case "pull":
                found = self._pulled(fact)
                return f"str({found})" if text else found
        raise Inexpressible

    def _parameter(self, fact: Fact, text: bool) -> str:
        known = self.dag.parameters.get(fact.name)
        if known is None or not fact.name.isidentifier():
            raise Inexpressible
        source = fact.name + "".join(f"[{literal(p)}]" for p in fact.path)
        if text and not (isinstance(known.default, str) and not fact.path and known.annotation in ("", "str")):
            return f"str({source})"
        return source

    def _pulled(self, fact: Fact) -> str:
        tasks = [self.dag.tasks.get(name) for name in fact.tasks]
        found = [self.result(Result(t, fact.name or None, fact.path)) for t in tasks if t is not None]
        if len(found) != len(tasks):
            raise Inexpressible
        return f"[{', '.join(found)}]" if fact.several else found[0]

    def items(self, value: object, arg: Arg) -> str:
        """What a task is mapped over."""
        match value:
            case Result():
                self.plans[value.task].looked_into = "list"
                if value.key is not None or value.path or self.plans[value.task].pushes:
                    raise Inexpressible
                return self.result(value)
            case Combined(how="zip") if all(isinstance(p, (Result, Combined)) for p in value.parts):
                return f"zip({', '.join(self.items(p, arg) for p in value.parts)})"
            case Combined(how="concat"):
                return " + ".join(self.items(p, arg) for p in value.parts)
            case Parameter():
                return value.name
            case dict() if is_constant(value) and not has_template(value):
                return literal(list(value.items()))
            case list() | tuple():
                return self.of(value, arg)
        raise Inexpressible


def _inner(text: str) -> str:
    """`text` inside of an f-string in double quotes."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return quoted.replace("{", "{{").replace("}", "}}")


def has_template(value: object) -> bool:
    """Whether there is a template in `value`, at any depth."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, (list, tuple)):
        return any(map(has_template, value))
    if isinstance(value, dict):
        return any(map(has_template, value.values()))
    return False
