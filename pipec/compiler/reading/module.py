"""A plain Python pipeline module in parts, and its text."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pipec.compiler.pysource import imports
from pipec.compiler.pysource.layout import exploded, fitted
from pipec.compiler.pysource.text import python, readable

AUTHORING = (
    "GPU", "HTML", "After", "Argument", "Cache", "ClassificationMetrics", "Cron", "Dataset", "Deadline", "Every",
    "Markdown", "Metrics", "Model", "OnUpdate", "PipelineFailed", "Retry", "Secret", "container", "native", "parallel",
    "pipeline", "run", "step", "uri_of", "wait_for",
)  # fmt: skip
"""What `pipec` exports. A module that is made imports what it mentions; its own names must not be any of these."""


@dataclass(frozen=True)
class Line:
    """One statement of a pipeline's body."""

    source: str
    """On one logical line; it is laid out when printed. A statement of several lines stays as it is."""


@dataclass(frozen=True)
class Remark:
    """A comment on lines of its own, such as the code of the finding that says what was lossy here."""

    text: str
    """Without `#`; long texts are wrapped."""


@dataclass(frozen=True)
class Nested:
    """A header with a block below it: `if`, `else`, `for`, `with`, `try`, `except`, `finally`."""

    header: str
    """With its colon."""
    body: tuple[Statement, ...]
    """Empty: `pass` is printed."""


Statement: TypeAlias = "Line | Remark | Nested"


@dataclass(frozen=True)
class Definition:
    """Top-level statements that are kept as they were written: constants, helpers, classes, with their comments."""

    source: str


@dataclass(frozen=True)
class StepFunction:
    """A function that is a step."""

    source: str
    """The whole `def`, further decorators and comments included, at indentation 0; without `@step`."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Setting -> Python source. Empty: a bare `@step`."""
    remarks: tuple[str, ...] = ()
    """Comments above its decorator."""


@dataclass(frozen=True)
class ContainerStep:
    """`name = container(...)`."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    """In the language of `container`: `{port}`, and `{{` for a brace."""
    args: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name -> source of its annotation."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class NativeStep:
    """`name = native("airflow", ...)`: a task in the words of its target, where alone it can run."""

    name: str
    target: str
    source: str
    """One expression of the target's language that makes the task, as it was written."""
    imports: tuple[str, ...] = ()
    """The import statements that `source` needs."""
    remarks: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name -> source of its annotation."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = ""
    """The step that runs in its stead on other targets."""


@dataclass(frozen=True)
class PipelineFunction:
    """A function under `@pipeline`."""

    name: str
    parameters: tuple[str, ...] = ()
    """Each as it stands in the signature: `rows: int = 5`."""
    returns: str = ""
    doc: str = ""
    body: tuple[Statement, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


Item: TypeAlias = "Definition | StepFunction | ContainerStep | NativeStep | PipelineFunction"


@dataclass(frozen=True)
class Module:
    """A module: docstring, imports, and items in an order that runs top to bottom."""

    items: tuple[Item, ...]
    imports: tuple[str, ...] = ()
    """Import statements as they were written, in any order; what `pipec` exports is imported by itself."""
    doc: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    """What lies beside it, and is read by it: path below its folder -> text."""


def render(module: Module) -> str:
    """The text of `module`, as a formatter would leave what is not the user's own."""
    body: list[str] = []
    for item in module.items:
        lines = list(_item(item))
        kept = isinstance(item, (ContainerStep, NativeStep)) or _is_short(item)
        gap = 1 if kept and (not body or _was_short(body)) else 2
        body += ["", *lines] if gap == 1 else ["", "", *lines]
    head = [_docstring(module.doc, "")] if module.doc else []
    imported = imports.block([*_parsed(module.imports), *_mentioned(module, "\n".join(body))])
    head += ["", *imported] if head and imported else imported
    return "\n".join([*head, *body]).strip("\n") + "\n"


def _is_short(item: Item) -> bool:
    """Whether `item` is a plain statement, which formatters set one line apart, not two."""
    return isinstance(item, Definition) and not item.source.lstrip().startswith(
        ("def ", "class ", "async def ", "@", "#")
    )


def _was_short(body: list[str]) -> bool:
    """Whether the last item of `body` was no function or class."""
    last = body[-1]
    return not last.startswith((" ", "\t")) and not last.startswith("#")


def _parsed(statements: tuple[str, ...]) -> Iterator[imports.Import]:
    for statement in statements:
        for one in imports.parse(statement):
            if one.module != "pipec":
                yield one


def _mentioned(module: Module, text: str) -> list[imports.Import]:
    """What the module mentions of pipec."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # the frontend will say where
        return []
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    bound = {one.alias or one.name or one.module for one in _parsed(module.imports)}
    bound |= {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    return [imports.Import("pipec", name) for name in AUTHORING if name in names and name not in bound]


def _item(item: Item) -> Iterator[str]:
    if not isinstance(item, Definition):
        for remark in item.remarks:
            yield from comment(remark, 0)
    match item:
        case Definition():
            yield from item.source.strip("\n").split("\n")
        case StepFunction():
            yield from _decorator("step", item.settings)
            yield from item.source.strip("\n").split("\n")
        case ContainerStep():
            yield from _container(item)
        case NativeStep():
            yield from _native(item)
        case PipelineFunction():
            yield from _decorator("pipeline", item.settings)
            yield from _signature(item)
            if item.doc:
                yield _docstring(item.doc, "    ")
            yield from _block(item.body, 4, bool(item.doc))


def _decorator(name: str, settings: Mapping[str, str]) -> list[str]:
    if not settings:
        return [f"@{name}"]
    return _call(f"@{name}", [f"{key}={value}" for key, value in settings.items()])


def _call(head: str, arguments: list[str]) -> list[str]:
    """A call on one line where it fits, else one argument a line."""
    whole = f"{head}({', '.join(arguments)})"
    if "\n" not in whole and len(fitted(whole, 0)) == 1 and "# fmt: skip" not in (line := fitted(whole, 0)[0]):
        return [line]
    return exploded(f"{head}(", arguments, ")", 0)


def _container(item: ContainerStep) -> list[str]:
    parts = [python(item.image)]
    if item.command or item.args:
        parts.append(python(list(item.command)))
    if item.args:
        parts.append(python(list(item.args)))
    parts += _ports(item.inputs, item.outputs)
    return _call(f"{item.name} = container", [*parts, *(f"{k}={v}" for k, v in item.settings.items())])


def _native(item: NativeStep) -> list[str]:
    source = textwrap.dedent(item.source).strip()
    blank = any(line and not line.strip() for line in source.split("\n"))  # `dedent` would empty such lines
    if "\n" in source and '"""' not in source and not blank:
        body = [f"    {line}" if line else "" for line in source.split("\n")]
        raw = "r" if "\\" in source else ""
        lines = [f"{item.name} = native(", f"    {python(item.target)},", f'    {raw}"""', *body, '    """,']
        return [*lines, *(line for argument in _of_native(item) for line in fitted(f"{argument},", 4)), ")"]
    return _call(f"{item.name} = native", [python(item.target), python(source), *_of_native(item)])


def _of_native(item: NativeStep) -> Iterator[str]:
    """What is given by name."""
    if item.imports:
        yield f"imports={python(list(item.imports))}"
    yield from _ports(item.inputs, item.outputs)
    if item.otherwise:
        yield f"otherwise={item.otherwise}"
    yield from (f"{name}={value}" for name, value in item.settings.items())


def _ports(inputs: Mapping[str, str], outputs: Mapping[str, str]) -> Iterator[str]:
    for name, ports in (("inputs", inputs), ("outputs", outputs)):
        if ports:
            yield f"{name}={{{', '.join(f'{python(key)}: {kind}' for key, kind in ports.items())}}}"


def _signature(item: PipelineFunction) -> list[str]:
    returns = f" -> {item.returns}" if item.returns else ""
    line = f"def {item.name}({', '.join(item.parameters)}){returns}:"
    if len(line) <= 120:
        return [line]
    return exploded(f"def {item.name}(", list(item.parameters), f"){returns}:", 0)


def _block(body: tuple[Statement, ...], indent: int, has_doc: bool = False) -> Iterator[str]:
    pad = " " * indent
    if not any(not isinstance(one, Remark) for one in body) and not has_doc:
        yield pad + "pass"
    for one in body:
        match one:
            case Remark():
                yield from comment(one.text, indent)
            case Line():
                if "\n" in one.source:
                    yield from textwrap.indent(one.source.strip("\n"), pad).split("\n")
                else:
                    yield from fitted(one.source, indent)
            case Nested():
                yield from fitted(one.header, indent)
                yield from _block(one.body, indent + 4)


def comment(text: str, indent: int) -> list[str]:
    """`text` as comment lines."""
    pad = " " * indent + "# "
    return [pad + line for part in text.split("\n") for line in textwrap.wrap(part, 118 - len(pad)) or [""]]


def _docstring(text: str, pad: str) -> str:
    """`text` as a docstring, its further lines indented."""
    body = readable(textwrap.dedent(text).strip() if "\n" not in text else _dedented(text))
    quote = '\\"' if body.endswith('"') and "\n" not in body else ""
    escaped = body[: len(body) - bool(quote)].replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + quote
    if "\n" not in escaped:
        return f'{pad}"""{escaped}"""'
    lines = escaped.split("\n")
    return "\n".join([f'{pad}"""{lines[0]}', *(pad + line if line.strip() else "" for line in lines[1:]), f'{pad}"""'])


def _dedented(text: str) -> str:
    import inspect

    return inspect.cleandoc(text)
