"""The items of the result's module: steps, and tasks in Airflow's own words."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from pipec.backends.airflow.reading.facts import bash_facts, fact_names
from pipec.backends.airflow.reading.plan import Plan
from pipec.backends.airflow.reading.scope import Writer, literal
from pipec.backends.airflow.reading.templates import Fact, split
from pipec.backends.airflow.reading.values import Function, Partial
from pipec.compiler.pysource.layout import fitted
from pipec.compiler.pysource.text import double_quoted

BASH_NAME = "bash"
BASH_HELPER = '''
def bash(command: str, env: dict[str, str] | None = None) -> str:
    """Run a shell command, show what it prints, and give back the last line of it."""
    last = ""
    with subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="")
            last = line.rstrip()
    if process.returncode != 0:
        raise RuntimeError(f"the command has ended with status {process.returncode}")
    return last
'''.strip()
BASH_IMPORTS = ("import subprocess",)


def annotated(source: str, annotation: str) -> str:
    """The function `source` with a return annotation, where it has none."""
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    if node.returns is not None:
        return source
    lines = source.split("\n")
    at = node.body[0].lineno - 1
    if node.body[0].lineno == node.lineno:
        return re.sub(r"\)\s*:", f") -> {annotation}:", source, count=1)
    for i in range(at - 1, node.lineno - 2, -1):
        text = lines[i].split("#")[0].rstrip()
        if text.endswith(":"):
            lines[i] = lines[i][: len(text) - 1] + f" -> {annotation}" + lines[i][len(text) - 1 :]
            return "\n".join(lines)
    return source


def renamed(source: str, old: str, new: str) -> str:
    """The function `source` under another name."""
    return source if old == new else re.sub(rf"(\bdef\s+){re.escape(old)}\b", rf"\g<1>{new}", source, count=1)


def empty(name: str) -> str:
    """A step that does nothing."""
    return f'def {name}() -> None:\n    """Nothing: other steps wait for it."""'


def shell(plan: Plan, name: str, helper: str) -> str:
    """A step that runs a shell command."""
    task = plan.task
    facts = bash_facts(task, plan.parts or [])
    names = fact_names(facts)
    command = _text(plan.parts or [""], names)
    env = task.given.get("env")
    argument = ""
    if env is not None and isinstance(env.value, dict) and env.value:
        pairs = ", ".join(f"{literal(k)}: {_text(split(str(v)) or [''], names)}" for k, v in env.value.items())
        append = task.given.get("append_env")
        own = f"**os.environ, {pairs}" if append is not None and append.value is True else pairs
        argument = f", env={{{own}}}"
    parameters = ", ".join(f"{names[f]}: str" for f in facts)
    body = "\n".join(fitted(f"return {helper}({command}{argument})", 4))
    return f"def {name}({parameters}) -> str:\n{body}"


def _text(parts: list[str | Fact], names: Mapping[Fact, str]) -> str:
    """A text with parameters in it."""
    if not any(isinstance(p, Fact) for p in parts):
        whole = "".join(p for p in parts if isinstance(p, str))
        if "\n" in whole and "\\" not in whole and '"""' not in whole and not whole.endswith('"'):
            return f'"""{whole}"""'
        return literal(whole)
    if len(parts) == 1 and isinstance(parts[0], Fact):
        return names[parts[0]]
    inner = "".join(_inner(p) if isinstance(p, str) else f"{{{names[p]}}}" for p in parts)
    return f'f"{inner}"'


def _inner(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)[1:-1].replace("{", "{{").replace("}", "}}")


def wrapper(plan: Plan, name: str, called: str, writer: Writer) -> tuple[str, list[str]]:
    """A step called `name` that calls the task's function, and what the pipeline calls the step with."""
    function = plan.task.function
    first: list[str] = []
    last: list[str] = []
    if isinstance(function, Partial):
        first = [a.text.source for a in function.args]
        last = [f"{k}={a.text.source}" for k, a in function.kwargs.items()]
        function = function.function
    own = function.node.args if isinstance(function, Function) else None
    names = [a.arg for a in (*own.posonlyargs, *own.args)][len(first) :] if own is not None else []
    parameters: list[str] = []
    positional: list[str] = []
    named: list[str] = []
    arguments: list[str] = []
    for i, argument in enumerate(plan.arguments):
        key, _, value = argument.partition("=") if _NAMED.match(argument) else ("", "", argument)
        parameter = key or (names[i] if i < len(names) else f"argument_{i + 1}")
        parameters.append(parameter)
        (named if key else positional).append(f"{key}={parameter}" if key else parameter)
        arguments.append(f"{key}={value}" if key else value)
    if isinstance(function, Function) and isinstance(function.node, ast.Lambda):
        return _from_lambda(function, name, parameters, writer), arguments
    returns = ""
    if (
        isinstance(function, Function)
        and isinstance(function.node, ast.FunctionDef)
        and function.node.returns is not None
    ):
        returns = f" -> {ast.unparse(function.node.returns)}"
    if plan.pushes:
        returns = " -> dict"
    passed = [*first, *positional, *named, *last]
    call = "\n".join(fitted(f"return {called}({', '.join(passed)})", 4))
    return f"def {name}({', '.join(parameters)}){returns}:\n{call}", arguments


_NAMED = re.compile(r"[A-Za-z_]\w*=(?!=)")


def _from_lambda(function: Function, name: str, given: list[str], writer: Writer) -> str:
    """A lambda as a function; what the call leaves out has its defaults."""
    node = function.node
    assert isinstance(node, ast.Lambda)
    body = writer.text(node.body, function.scope).source
    if "\n" in body:
        body = f"({body})"
    parameters = list(given)
    plain = [*node.args.posonlyargs, *node.args.args]
    defaults = dict(zip([a.arg for a in reversed(plain)], reversed(node.args.defaults)))
    defaults |= {a.arg: d for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults) if d is not None}
    for one in (*plain, *node.args.kwonlyargs):
        if one.arg not in given and one.arg in defaults:
            parameters.append(f"{one.arg}={writer.text(defaults[one.arg], function.scope).source}")
    return double_quoted(f"def {name}({', '.join(parameters)}):\n    return {body}")
