"""Renaming of free names in Python text, everything else kept to the letter."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst
from libcst.metadata import BuiltinAssignment, GlobalScope, Scope, ScopeProvider


def renamed_expression(source: str, names: Mapping[str, str]) -> str:
    """See `pipec.compiler.pysource.rename_free`."""
    replacements = {old: cst.parse_expression(new) for old, new in names.items()}
    tree = cst.parse_expression(source)
    changed = tree.visit(_Rename(replacements, tree))
    assert isinstance(changed, cst.BaseExpression)
    return cst.Module([]).code_for_node(changed)


class _Rename(cst.CSTTransformer):
    """Replaces names that no comprehension or lambda around them binds.

    What these bind gets another name where a replacement inside would mean it instead.
    """

    def __init__(self, replacements: Mapping[str, cst.BaseExpression], source: cst.BaseExpression) -> None:
        self.replacements = replacements
        self.brought = {name: _names(new) for name, new in replacements.items()}
        """Name -> the names that what replaces it mentions."""
        self.taken = _names(source).union(*self.brought.values())
        self.bound: list[Mapping[str, str] | None] = []
        """What is bound around, with the names it gets; `None`: nothing here is a name of a value."""
        self.outermost: list[cst.CompFor] = []
        self.suspended: list[Mapping[str, str] | None] = []

    def _bind(self, node: cst.CSTNode, names: set[str]) -> None:
        arriving = {new for old in _names(node) - names for new in self.brought.get(old, ())}
        self.bound.append({name: self._fresh(name) if name in arriving else name for name in sorted(names)})

    def _fresh(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        self.bound.append(None)

    def leave_Attribute_attr(self, node: cst.Attribute) -> None:
        self.bound.pop()

    def visit_Arg_keyword(self, node: cst.Arg) -> None:
        self.bound.append(None)

    def leave_Arg_keyword(self, node: cst.Arg) -> None:
        self.bound.pop()

    def visit_Lambda(self, node: cst.Lambda) -> None:
        collector = _Parameters()
        node.params.visit(collector)
        self._bind(node, collector.names)

    def leave_Lambda(self, original_node: cst.Lambda, updated_node: cst.Lambda) -> cst.BaseExpression:
        self.bound.pop()
        return updated_node

    def visit_Param_default(self, node: cst.Param) -> None:
        self.suspended.append(self.bound.pop())  # it belongs to the scope around

    def leave_Param_default(self, node: cst.Param) -> None:
        self.bound.append(self.suspended.pop())

    def _visit_comprehension(self, node: cst.BaseComp) -> None:
        names: set[str] = set()
        clause: cst.CompFor | None = node.for_in
        while clause is not None:
            names |= _names(clause.target)
            clause = clause.inner_for_in
        self._bind(node, names)
        self.outermost.append(node.for_in)

    def _leave_comprehension(self) -> None:
        self.bound.pop()
        self.outermost.pop()

    def visit_CompFor_iter(self, node: cst.CompFor) -> None:
        if self.outermost and node is self.outermost[-1]:  # the first iterable belongs to the scope around
            self.suspended.append(self.bound.pop())

    def leave_CompFor_iter(self, node: cst.CompFor) -> None:
        if self.outermost and node is self.outermost[-1]:
            self.bound.append(self.suspended.pop())

    def visit_ListComp(self, node: cst.ListComp) -> None:
        self._visit_comprehension(node)

    def visit_SetComp(self, node: cst.SetComp) -> None:
        self._visit_comprehension(node)

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> None:
        self._visit_comprehension(node)

    def visit_DictComp(self, node: cst.DictComp) -> None:
        self._visit_comprehension(node)

    def leave_ListComp(self, original_node: cst.ListComp, updated_node: cst.ListComp) -> cst.BaseExpression:
        self._leave_comprehension()
        return updated_node

    def leave_SetComp(self, original_node: cst.SetComp, updated_node: cst.SetComp) -> cst.BaseExpression:
        self._leave_comprehension()
        return updated_node

    def leave_GeneratorExp(self, original_node: cst.GeneratorExp, updated_node: cst.GeneratorExp) -> cst.BaseExpression:
        self._leave_comprehension()
        return updated_node

    def leave_DictComp(self, original_node: cst.DictComp, updated_node: cst.DictComp) -> cst.BaseExpression:
        self._leave_comprehension()
        return updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        for names in reversed(self.bound):
            if names is None:
                return updated_node
            if original_node.value in names:
                wanted = names[original_node.value]
                return updated_node if wanted == original_node.value else updated_node.with_changes(value=wanted)
        return self.replacements.get(original_node.value, updated_node)

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.FormattedString:
        return _with_same_text(original_node, updated_node)


def _names(node: cst.CSTNode) -> set[str]:
    """The names that `node` mentions, attributes and keywords aside."""
    collector = _Names()
    node.visit(collector)
    return collector.names


class _Names(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False


class _Parameters(_Names):
    def visit_Param(self, node: cst.Param) -> bool:
        self.names.add(node.name.value)
        return False


def renamed_module(source: str, names: Mapping[str, str]) -> str:
    """See `pipec.compiler.pysource.rename_globals`."""
    from libcst.metadata import MetadataWrapper

    replacements = {old: cst.parse_expression(new) for old, new in names.items()}
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    return wrapper.visit(_RenameGlobals(replacements)).code


class _RenameGlobals(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (ScopeProvider,)

    def __init__(self, replacements: Mapping[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.replacements = replacements
        self.depth = 0
        """How many functions and classes are around."""
        self.annotations = 0
        """How many annotations are around, none of whose texts are values."""

    def visit_Annotation(self, node: cst.Annotation) -> None:
        self.annotations += 1

    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:
        self.annotations -= 1
        return updated_node

    def visit_Subscript(self, node: cst.Subscript) -> None:
        self.annotations -= _holds_values(node)

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.Subscript:
        self.annotations += _holds_values(original_node)
        return updated_node

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.SimpleString:
        if self.annotations < 1 or original_node.prefix or "\\" in original_node.value:
            return updated_node
        try:
            found = cst.parse_expression(original_node.raw_value)
        except cst.ParserSyntaxError:
            return updated_node
        scope = self.get_metadata(ScopeProvider, original_node, None)
        known = {old: new for old, new in self.replacements.items() if _means_global(scope, old.partition(".")[0])}
        made = found.visit(_RenameText(known))
        assert isinstance(made, cst.BaseExpression)
        quote = original_node.quote
        return updated_node.with_changes(value=f"{quote}{cst.Module([]).code_for_node(made)}{quote}")

    def visit_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self.depth += 1

    def leave_FunctionDef_body(self, node: cst.FunctionDef) -> None:
        self.depth -= 1

    def visit_ClassDef_body(self, node: cst.ClassDef) -> None:
        self.depth += 1

    def leave_ClassDef_body(self, node: cst.ClassDef) -> None:
        self.depth -= 1

    def leave_ImportAlias(self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias) -> cst.ImportAlias:
        bound = original_node.asname.name if original_node.asname else original_node.name
        wanted = self.replacements.get(bound.value) if isinstance(bound, cst.Name) and not self.depth else None
        kept = updated_node.with_changes(name=original_node.name, asname=original_node.asname)
        if not isinstance(wanted, cst.Name):
            return kept
        around = cst.SimpleWhitespace(" ")
        alias = cst.AsName(name=wanted, whitespace_before_as=around, whitespace_after_as=around)
        return kept.with_changes(asname=alias)

    def _is_global(self, node: cst.Name) -> bool:
        return _means_global(self.get_metadata(ScopeProvider, node, None), node.value)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        dotted, inner = _chain(original_node)
        if isinstance(inner, cst.Name) and dotted in self.replacements and self._is_global(inner):
            return self.replacements[dotted]
        return updated_node

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        wanted = self.replacements.get(original_node.value)
        return wanted if wanted is not None and self._is_global(original_node) else updated_node

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.FormattedString:
        return _with_same_text(original_node, updated_node)

    def visit_NameItem(self, node: cst.NameItem) -> bool:
        return False

    def leave_Global(self, original_node: cst.Global, updated_node: cst.Global) -> cst.Global:
        names = [item.with_changes(name=self._definition_name(item.name, item.name)) for item in original_node.names]
        return updated_node.with_changes(names=names)

    def _definition_name(self, original: cst.Name, updated: cst.Name) -> cst.Name:
        wanted = self.replacements.get(original.value)
        return wanted if isinstance(wanted, cst.Name) else updated

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        scope = self.get_metadata(ScopeProvider, original_node, None)
        if isinstance(scope, GlobalScope):
            return updated_node.with_changes(name=self._definition_name(original_node.name, updated_node.name))
        return updated_node.with_changes(name=original_node.name)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        scope = self.get_metadata(ScopeProvider, original_node, None)
        if isinstance(scope, GlobalScope):
            return updated_node.with_changes(name=self._definition_name(original_node.name, updated_node.name))
        return updated_node.with_changes(name=original_node.name)


def _with_same_text(before: cst.FormattedString, after: cst.FormattedString) -> cst.FormattedString:
    parts: list[cst.BaseFormattedStringContent] = []
    for old, new in zip(before.parts, after.parts):
        parts += _same_text(old, new)
    return after.with_changes(parts=parts)


def _means_global(scope: Scope | None, name: str) -> bool:
    """Whether `name` in `scope` is one of the module's."""
    if scope is None:
        return False
    found = [a for a in scope[name] if not isinstance(a, BuiltinAssignment)] if name in scope else []
    return all(isinstance(assignment.scope, GlobalScope) for assignment in found)


def _chain(node: cst.BaseExpression) -> tuple[str, cst.BaseExpression]:
    """`a.b.c` as text, and `a`."""
    chain: list[str] = []
    while isinstance(node, cst.Attribute):
        chain.append(node.attr.value)
        node = node.value
    return ".".join([node.value if isinstance(node, cst.Name) else "", *reversed(chain)]), node


def _holds_values(node: cst.Subscript) -> int:
    """How many annotations around a text in `node` it takes to be none: a `Literal` has values."""
    dotted, _ = _chain(node.value)
    return 1000 if dotted.rpartition(".")[2] in ("Literal", "Annotated") else 0


class _RenameText(cst.CSTTransformer):
    """Replaces names in an annotation that is text, where nothing binds any."""

    def __init__(self, replacements: Mapping[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.replacements = replacements

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        dotted, _ = _chain(original_node)
        return self.replacements.get(dotted, updated_node.with_changes(attr=original_node.attr))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.replacements.get(original_node.value, updated_node)


def _same_text(
    before: cst.BaseFormattedStringContent, after: cst.BaseFormattedStringContent
) -> list[cst.BaseFormattedStringContent]:
    """A part of an f-string; `{name=}`, which shows its own source, goes on showing the old one."""
    if not isinstance(before, cst.FormattedStringExpression) or not isinstance(after, cst.FormattedStringExpression):
        return [after]
    if before.equal is None or before.expression.deep_equals(after.expression):
        return [after]
    shown = cst.Module([]).code_for_node(
        before.with_changes(conversion=None, format_spec=None, whitespace_after_expression=cst.SimpleWhitespace(""))
    )
    text = shown.removeprefix("{").removesuffix("}").replace("{", "{{").replace("}", "}}")
    plain = before.conversion is None and before.format_spec is None
    value = after.with_changes(
        equal=None,
        conversion="r" if plain else after.conversion,
        whitespace_before_expression=cst.SimpleWhitespace(""),
        whitespace_after_expression=cst.SimpleWhitespace(""),
    )
    return [cst.FormattedStringText(text), value]
