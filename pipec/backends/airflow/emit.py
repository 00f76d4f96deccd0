"""DAG file -> text; prints only."""

from __future__ import annotations

from pipec.backends.airflow.model import (
    Call,
    CodePiece,
    DagFile,
    Item,
    MappedGroup,
    Order,
    ParamSpec,
    StepsFile,
    TaskFunction,
    TaskGroup,
)
from pipec.compiler.pysource import imports
from pipec.compiler.pysource.layout import exploded, fitted
from pipec.compiler.rendering import python_literal as py
from pipec.compiler.rendering import render


def emit(file: DagFile) -> str:
    """The text of `file`."""
    found = [i for source in file.imports for i in imports.parse(source)]
    typing = [i for source in file.typing_imports for i in imports.parse(source)]
    return render(
        "airflow",
        "dag.py.jinja",
        doc=docstring(file.doc),
        imports="\n".join(imports.block(found, width=88)),
        typing_imports="\n".join(imports.block(typing, 4, width=88)),
        constants=file.constants,
        helpers=file.helpers,
        code=[_code(piece) for piece in file.code],
        dag="\n".join(_dag(file)),
    )


def emit_steps(file: StepsFile) -> str:
    """The text of the module beside a DAG file."""
    found = [i for source in file.imports for i in imports.parse(source)]
    typing = [i for source in file.typing_imports for i in imports.parse(source)]
    return render(
        "airflow",
        "steps.py.jinja",
        doc=docstring(file.doc),
        imports="\n".join(imports.block(found, width=88)),
        typing_imports="\n".join(imports.block(typing, 4, width=88)),
        helpers=file.helpers,
        code=[_code(piece) for piece in file.code],
        run_step=file.run_step,
        containers=file.containers,
    )


def own_text(file: DagFile | StepsFile) -> str:
    """All of `file` but the user's code."""
    own = [
        p.model_copy(update={"definition": "def x(): ..." if p.definition else ""})
        for p in file.code
        if isinstance(p, TaskFunction)
    ]
    typing = ["TYPE_CHECKING"] if file.typing_imports else []
    ours = [*file.constants, *file.helpers] if isinstance(file, DagFile) else [*file.helpers, "sys.argv, Path"]
    last = _dag(file) if isinstance(file, DagFile) else []
    return "\n".join([*typing, *ours, *(_code(p)[0] for p in own), *last, ""])


def docstring(text: str) -> str:
    """`text` as a docstring."""
    lines = text.strip().splitlines() or [""]
    safe = [line.rstrip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in lines]
    if len(safe) == 1:
        return f'"""{safe[0]}{" " if safe[0].endswith(chr(34)) else ""}"""'
    return '"""' + "\n".join(safe) + '\n"""'


def _code(piece: CodePiece | TaskFunction) -> tuple[str, bool]:
    """Source, and whether it is a function or class, which stand two lines apart."""
    if isinstance(piece, CodePiece):
        first = next((line for line in piece.source.split("\n") if line.strip() and not line.startswith("#")), "")
        return piece.source, first.startswith(("def ", "class ", "@", "async "))
    lines = _decorators(piece)
    if piece.definition:
        return _below_comments(lines, piece.definition), True
    head = f"def {piece.name}({', '.join(piece.parameters)}):"
    if len(head) > 120:
        lines += exploded(f"def {piece.name}(", list(piece.parameters), "):", 0)
    else:
        lines.append(head)
    if piece.doc:
        lines.append(f'    """{piece.doc}"""')
    for line in piece.body:
        text = line.lstrip(" ")
        lines += fitted(text, 4 + len(line) - len(text))
    return "\n".join(lines), True


def _below_comments(decorators: list[str], source: str) -> str:
    """Decorators between the comments above a function and the function itself."""
    lines = source.split("\n")
    at = next(i for i, line in enumerate(lines) if line.strip() and not line.startswith("#"))
    return "\n".join([*lines[:at], *decorators, *lines[at:]])


def _decorators(function: TaskFunction) -> list[str]:
    lines = [f"@{function.operator}"] if function.operator else []
    if function.options:
        lines = fitted(f"@{function.operator}({_keywords(function.options)})", 0)
    for decorator in function.decorators:
        lines += fitted(f"@{decorator}", 0)
    return lines


def _keywords(options: dict[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in options.items())


def _dag(file: DagFile) -> list[str]:
    parts = [f"{key}={value}" for key, value in file.settings.items()]
    lines: list[str] = ["with DAG("]
    for part in parts:
        lines += fitted(part + ",", 4)
        if part.startswith("catchup=") and file.params:
            lines += exploded("params={", [_param(p) for p in file.params], "},", 4)
    lines.append(") as dag:")
    body = _body(file.body, 4)
    result = ["", f"    # Result: {file.result}"] if file.result else []
    return [*lines, *(body or ["    pass"]), *result]


def _param(param: ParamSpec) -> str:
    arguments = [param.default] if param.default is not None else []
    if param.type:
        arguments.append(f"type={param.type}")
    if param.description:
        arguments.append(f"description={py(param.description)}")
    return f"{py(param.name)}: Param({', '.join(arguments)})"


def _body(items: tuple[Item, ...], indent: int) -> list[str]:
    lines: list[str] = []
    previous: Item | None = None
    for item in items:
        made = _item(item, indent)
        if previous is not None and (
            _spaced(item) or _spaced(previous) or isinstance(item, Order) != isinstance(previous, Order)
        ):
            lines.append("")
        lines += made
        previous = item
    return lines


def _spaced(item: Item) -> bool:
    return isinstance(item, (TaskGroup, MappedGroup))


def _item(item: Item, indent: int) -> list[str]:
    pad = " " * indent
    match item:
        case Call():
            return fitted(_call(item), indent)
        case TaskGroup():
            tooltip = f", tooltip={py(item.doc.strip().splitlines()[0])}" if item.doc.strip() else ""
            return [*fitted(f"with TaskGroup({py(item.id)}{tooltip}):", indent), *_body(item.body, indent + 4)]
        case MappedGroup():
            decorator = "@task_group" if item.id == item.function else f"@task_group(group_id={py(item.id)})"
            lines = [f"{pad}{decorator}", f"{pad}def {item.function}({', '.join(item.parameters)}):"]
            lines += _body(item.body, indent + 4)
            if item.returns:
                gap = [""] if item.body and isinstance(item.body[-1], Order) else []
                lines += [*gap, *fitted(f"return {', '.join(item.returns)}", indent + 4)]
            target = f"{item.target} = " if item.target else ""
            return [*lines, "", *fitted(f"{target}{item.function}.{item.mode}({', '.join(item.args)})", indent)]
        case Order():
            links = [link[0] if len(link) == 1 else "[" + ", ".join(link) + "]" for link in item.chain]
            return fitted(" >> ".join(links), indent)


def _call(call: Call) -> str:
    target = f"{call.target} = " if call.target else ""
    if call.mode == "operator":
        return f"{target}{call.function}({', '.join([*call.args, *filter(None, [_keywords(call.override)])])})"
    override = f".override({_keywords(call.override)})" if call.override else ""
    if call.mode == "direct":
        return f"{target}{call.function}{override}({', '.join(call.args)})"
    partial = f".partial({_keywords(call.partial)})" if call.partial else ""
    return f"{target}{call.function}{override}{partial}.{call.mode}({', '.join(call.args)})"
