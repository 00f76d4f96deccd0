"""The user's code in a generated file: heavy imports move into the functions that use them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libcst as cst

from pipec.compiler.pysource.imports import Import, block, parse
from pipec.ir import Definition, Pipeline

DECORATED = re.compile(r"^@", re.M)
"""In the source of a definition: something that gets what it makes."""


@dataclass
class UserCode:
    """The user's definitions, and the imports they need at each place."""

    sources: dict[str, str] = field(default_factory=dict)
    """First name of a definition -> its source, in an order that runs."""
    kinds: dict[str, str] = field(default_factory=dict)
    """First name of a definition -> what kind it is."""
    postponed: bool = False
    """Whether annotations must not be evaluated: they mention names that are defined later, or never."""
    imports: list[str] = field(default_factory=list)
    """Imports at the top of the file."""
    typing_imports: list[str] = field(default_factory=list)
    """Imports that only annotations need."""


def user_code(pipeline: Pipeline) -> UserCode:
    """Place every definition and import of `pipeline`."""
    found = UserCode()
    imports = {d.names[0]: d for d in pipeline.definitions if d.kind == "import"}
    others = [d for d in pipeline.definitions if d.kind != "import"]
    top = _eager(imports, others)
    lazy = {name: d for name, d in imports.items() if name not in top}
    for definition in others:
        found.sources[definition.names[0]] = _with_imports(definition, lazy)
        found.kinds[definition.names[0]] = definition.kind
    annotated = {name for d in others for name in d.annotation}
    found.postponed = bool(annotated) or any(d.source.startswith("from __future__") for d in imports.values())
    for name, definition in imports.items():
        if definition.source.startswith("from __future__"):
            continue
        if name in top:
            found.imports.append(definition.source)
        elif name in annotated:
            found.typing_imports.append(definition.source)
    return found


def joined(code: UserCode) -> str:
    """All definitions, as far apart as formatters put them."""
    text, last = "", ""
    for name, source in code.sources.items():
        kind = code.kinds[name]
        small = {kind, last} <= {"constant", "block"}
        text += "" if not text else "\n" if kind == last == "constant" else "\n\n" if small else "\n\n\n"
        text, last = text + source, kind
    return text


def _eager(imports: dict[str, Definition], others: list[Definition]) -> set[str]:
    """Names of the imports that must stand at the top of the file."""
    top = {name for name, d in imports.items() if d.distribution is None}
    for definition in others:
        top |= set(definition.eager) & set(imports)
        if definition.kind in ("constant", "block"):
            top |= set(definition.lazy) & set(imports)
        made = definition.kind == "class" and set(definition.eager) & set(imports)
        if made or DECORATED.search(definition.source):
            top |= set(definition.annotation) & set(imports)  # a decorator or base may look at the annotations
    return top


def _with_imports(definition: Definition, lazy: dict[str, Definition]) -> str:
    wanted = {name: lazy[name] for name in definition.lazy if name in lazy}
    if not wanted or definition.kind not in ("function", "class"):
        return definition.source
    module = cst.parse_module(definition.source + "\n")
    changed = module.visit(_Inserter({name: d.source for name, d in wanted.items()}, module.default_indent))
    return changed.code.rstrip("\n")


class _Inserter(cst.CSTTransformer):
    """Puts each import at the top of the outermost functions that use it."""

    def __init__(self, imports: dict[str, str], indent: str) -> None:
        super().__init__()
        self.imports = imports
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self.depth += 1
        return True

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self.depth -= 1
        if self.depth:
            return updated_node
        used = _Used()
        original_node.body.visit(used)
        parameters = _Used()
        original_node.params.visit(parameters)
        own = {p.name.value for p in _parameters(original_node.params)}
        wanted = [source for name, source in self.imports.items() if name in used.names and name not in own]
        return _insert(updated_node, wanted) if wanted else updated_node


def _parameters(params: cst.Parameters) -> list[cst.Param]:
    found = [*params.posonly_params, *params.params, *params.kwonly_params]
    found += [p for p in (params.star_arg, params.star_kwarg) if isinstance(p, cst.Param)]
    return found


class _Used(cst.CSTVisitor):
    """The names that code uses outside of annotations."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        self.hidden = True

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)


def _insert(function: cst.FunctionDef, sources: list[str]) -> cst.FunctionDef:
    body = function.body
    if isinstance(body, cst.SimpleStatementSuite):
        body = cst.IndentedBlock(body=[cst.SimpleStatementLine(body=body.body)])
    assert isinstance(body, cst.IndentedBlock)
    statements = list(body.body)
    at = 1 if function.get_docstring() is not None else 0
    wanted = [i for source in sources for i in parse(source)]
    end = at
    while end < len(statements) and (own := _plain_import(statements[end])):
        wanted += own
        end += 1
    rest = statements[end:]
    made = [_statement(line) for line in "\n".join(block(wanted)).split("\n\n")]
    placed: list[cst.BaseStatement] = []
    for n, group in enumerate(made):
        first, *more = group
        placed += [first.with_changes(leading_lines=[cst.EmptyLine(indent=False)]) if n else first, *more]
    if rest:
        leading = list(getattr(rest[0], "leading_lines", ()))
        if not leading or leading[0].comment is not None:
            rest[0] = rest[0].with_changes(leading_lines=[cst.EmptyLine(indent=False), *leading])
    return function.with_changes(body=body.with_changes(body=[*statements[:at], *placed, *rest]))


def _statement(text: str) -> list[cst.SimpleStatementLine]:
    found = cst.parse_module(text + "\n").body
    return [s for s in found if isinstance(s, cst.SimpleStatementLine)]


def _plain_import(statement: cst.BaseStatement) -> list[Import]:
    """The names of an import statement without comments; nothing for any other statement."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return []
    if not isinstance(statement.body[0], (cst.Import, cst.ImportFrom)) or statement.trailing_whitespace.comment:
        return []
    if any(line.comment for line in statement.leading_lines):
        return []
    source = cst.Module([]).code_for_node(statement.body[0])
    return [] if "#" in source else parse(source)
