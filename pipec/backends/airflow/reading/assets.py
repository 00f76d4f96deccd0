"""Functions under `@asset`: a DAG of one task, which updates the asset of that name."""

from __future__ import annotations

import ast
from typing import cast

from pipec.backends.airflow.reading.scope import Text, is_constant, literal, merged, with_source
from pipec.backends.airflow.reading.state import State
from pipec.backends.airflow.reading.values import Arg, Dag, Function, Made, Refusal, Task
from pipec.compiler.pysource.layout import fitted

ASSET = "from airflow.sdk import Asset"
OF_ASSET = ("group", "extra", "watchers")
"""What `@asset` says of the asset, besides its name and address."""
GIVEN = {"context": "context", "outlet_events": 'context["outlet_events"]'}
"""What Airflow gives to arguments of these names."""


def asset(state: State, function: Function, given: dict[str, Arg], node: ast.AST) -> object:
    """A function under `@asset`."""
    own = str(getattr(function.node, "name", ""))
    name = given["name"].value if "name" in given else own
    uri = given["uri"].value if "uri" in given else name
    id_ = given["dag_id"].value if "dag_id" in given else name
    said = {k: v for k, v in given.items() if k not in ("uri", "name", "dag_id", *OF_ASSET)}
    made = Dag(str(id_), said, node, asset=True)
    state.dags.append(made)
    value = Made("Asset", [], {"uri": uri, "name": name} | {k: given[k].value for k in OF_ASSET if k in given}, node)
    if not isinstance(name, str) or not isinstance(uri, str) or isinstance(function.node, ast.Lambda):
        made.refused = Refusal(node, f"the asset {name!r}", "its name or address is not known before the file runs")
        return value
    text = value.text = _text(name, uri, given)
    settings = {"outlets": Arg([value], with_source(text, f"[{text.source}]"), node)}
    task = Task(made, own, "asset", cast("ast.Call", node), settings, text, function=function)
    reads = [key for key in _required(function) if key != "self" and key not in GIVEN]
    if unknown := [key for key in reads if _known(state, key) is None]:
        made.refused = Refusal(
            node, f"the asset {name!r}", f"it reads the asset {unknown[0]!r}, which is not in this file"
        )
    if reads:
        listed = ", ".join(f"Asset.ref(name={literal(key)})" for key in reads)
        task.given["inlets"] = Arg(reads, Text(f"[{listed}]", imports=frozenset([ASSET])), node)
    made.tasks[task.id] = task
    return value


def takes_arguments(function: Function) -> bool:
    """Whether its function takes anything, which Airflow fills in by the name."""
    own = function.node.args
    return bool(own.posonlyargs or own.args or own.kwonlyargs)


def caller(state: State, task: Task, name: str) -> str:
    """The function `name`, which calls that of an asset with what Airflow would fill in."""
    function = task.function
    assert isinstance(function, Function)
    arguments = []
    for key in _required(function):
        value = task.text.source if key == "self" else GIVEN.get(key)
        known = _known(state, key)
        if value is None and known is not None:
            value = _text(str(known.kwargs["name"]), str(known.kwargs["uri"]), {}).source
        arguments.append(f"{key}={value}")
    call = "\n".join(fitted(f"return {function.name}({', '.join(arguments)})", 4))
    return f'def {name}(**context):\n    """Call `{function.name}` with the assets that it names."""\n{call}'


def _required(function: Function) -> list[str]:
    """The arguments that Airflow fills in; others keep their defaults."""
    own = function.node.args
    plain = [*own.posonlyargs, *own.args]
    found = plain[: len(plain) - len(own.defaults)]
    found += [a for a, default in zip(own.kwonlyargs, own.kw_defaults) if default is None]
    return [a.arg for a in found]


def _known(state: State, name: str) -> Made | None:
    """The asset of this name, where the file makes it."""
    binding = state.module.find(name)
    value = binding.value if binding is not None else None
    if isinstance(value, Made) and value.word == "Asset" and value.kwargs.get("name") == name:
        return value if isinstance(value.kwargs.get("uri"), str) else None
    return None


def _text(name: str, uri: str, given: dict[str, Arg]) -> Text:
    """The asset as source."""
    further = {k: given[k] for k in OF_ASSET if k in given}
    parts = [f"name={literal(name)}", f"uri={literal(uri)}"]
    parts += [f"{k}={literal(a.value) if is_constant(a.value) else a.text.source}" for k, a in further.items()]
    needs = merged(
        *(a.text for a in further.values() if not is_constant(a.value)), Text("", imports=frozenset([ASSET]))
    )
    return with_source(needs, f"Asset({', '.join(parts)})")
