"""Parameters of flows as parameters of the pipeline."""

from __future__ import annotations

import ast
import json
import keyword
import re
from dataclasses import dataclass

from pipec.backends.metaflow.names import parameter_of
from pipec.backends.metaflow.reading import ours
from pipec.backends.metaflow.reading.defaults import constant, is_of_module
from pipec.backends.metaflow.reading.flows import Flow, Member
from pipec.backends.metaflow.reading.included import Included, ModuleNames, encoding_of, included
from pipec.backends.metaflow.reading.syntax import TARGET, Refused, attribute_of, literal
from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.foreign import Adapted, CannotMigrate, ChangedMeaning, SettingNotKept
from pipec.compiler.pysource.text import one_line, python
from pipec.compiler.reading.text_files import UnreadableTextError

TYPES = {"int": "int", "float": "float", "str": "str", "bool": "bool"}
ARGUMENTS = {
    "Parameter": ("name", "default", "type", "help", "required", "show_default", "separator", "is_flag"),
    "IncludeFile": ("name", "required", "is_text", "encoding", "help", "default", "parser"),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter."""

    attribute: str
    """What the flow calls it."""
    name: str
    """What the pipeline calls it."""
    kind: str
    """Its annotation."""
    default: str | None
    """Source; `None`: required."""
    help: str = ""
    file: Included | None = None
    """What the default reads."""

    @property
    def text(self) -> str:
        """As it stands in the signature."""
        return f"{self.name}: {self.kind}" + (f" = {self.default}" if self.default is not None else "")


def read_parameters(flow: Flow, pipeline: str, report: Report) -> list[Parameter]:
    """The parameters of a flow, those without a default first."""
    report_configs(flow, pipeline, report)
    found: list[Parameter] = []
    for member in flow.parameters.values():
        assert isinstance(member.node, (ast.Assign, ast.AnnAssign)) and isinstance(member.node.value, ast.Call)
        call = member.node.value
        word = member.file.imported.word(call.func) or ""
        if word == "Config":
            raise _refused(member, member.file.configs.found[member.owner, member.name].reason)
        given = _arguments(member, call, word)
        one = (
            _include(member, flow, given, report) if word == "IncludeFile" else _plain(member, given, pipeline, report)
        )
        if any(other.name == one.name for other in found):
            raise _refused(member, f"there is a second parameter called {one.name!r}")
        found.append(one)
    return sorted(found, key=lambda p: p.default is not None)


def report_configs(flow: Flow, pipeline: str, report: Report) -> None:
    """What has become of configs whose values are known; raises `Refused` for those that are read in another file."""
    users = (*flow.steps.values(), *flow.helpers.values())
    for member in flow.constants.values():
        found = member.file.configs.found.get((member.owner, member.name))
        if found is None:
            continue
        elsewhere = [m for m in users if m.file is not member.file and _reads(m, member.name)]
        if elsewhere:
            raise _refused(member, f"`{elsewhere[0].file.source.file}` reads it, and another file defines it")
        how = f"`{member.name}` is a constant with the values that it has now, and none are given at deployment"
        report.add(Adapted(member.file.source.span(member.node), pipeline, how))
        place = member.file.configs.whole.get((member.owner, member.name))
        if place is not None:
            difference = f'`{member.name}` is a dict there, whose parts are read by `["key"]` and not by `.key`'
            report.add(ChangedMeaning(place, TARGET, pipeline, difference))


def _reads(member: Member, name: str) -> bool:
    return any(attribute_of(node, member.self_name) == name for node in ast.walk(member.function))


def _refused(member: Member, reason: str, advice: str = "") -> Refused:
    what = f"parameter `{member.name}`"
    return Refused(CannotMigrate(member.file.source.span(member.node), TARGET, what, reason, advice))


def _arguments(member: Member, call: ast.Call, word: str) -> dict[str, ast.expr]:
    given = dict(zip(("name", *ARGUMENTS[word][1:]), call.args)) if len(call.args) <= 2 else {}
    if len(call.args) > 1 or any(k.arg is None for k in call.keywords):
        raise _refused(member, "its arguments are not written out by name")
    given |= {k.arg: k.value for k in call.keywords if k.arg is not None}
    for name in given:
        if name not in ARGUMENTS[word]:
            raise _refused(member, f"its argument `{name}` is not known")
    return given


def _name(member: Member, given: dict[str, ast.expr]) -> str:
    known, name = literal(given["name"]) if "name" in given else (False, None)
    if not known or not isinstance(name, str):
        raise _refused(member, "its name is not written out")
    plain = re.sub(r"\W", "_", parameter_of(name) if member.file.is_ours else name)
    return plain if plain.isidentifier() and not keyword.iskeyword(plain) else member.name


def _help(given: dict[str, ast.expr]) -> str:
    known, text = literal(given["help"]) if "help" in given else (False, None)
    return " ".join(text.split()) if known and isinstance(text, str) else ""


def _include(member: Member, flow: Flow, given: dict[str, ast.expr], report: Report) -> Parameter:
    """The text of a file, which is read where the run is started."""
    name = _name(member, given)
    if "parser" in given and literal(given["parser"]) != (True, None):
        raise _refused(member, "a parser of its own reads it")
    binary = "is_text" in given and literal(given["is_text"]) == (True, False)
    kind, doc = "bytes" if binary else "str", f"{_help(given)} (Its content.)".strip()
    required = "required" in given and literal(given["required"]) == (True, True)
    file = None
    if "default" in given and literal(given["default"]) != (True, None) and not required:
        try:
            file = _file(member, flow, given, binary)
        except UnreadableTextError as error:
            reason = f"the file that it names is read where the run is started ({error}); pass its content"
            span = member.file.source.span(given["default"])
            report.add(SettingNotKept(span, TARGET, flow.name, f"default of {name}", reason))
    how = f"`{name}` is the text of the file itself, read by whoever starts the run"
    default = None
    if file is not None:
        how += f"; where it is not given, that of {file.name!r} beside the module"
        default = f"{file.expression}.read_text(encoding={python(encoding_of(given))})"
    report.add(Adapted(member.file.source.span(member.node), flow.name, how))
    return Parameter(member.name, name, kind, default, doc, file)


def _file(member: Member, flow: Flow, given: dict[str, ast.expr], binary: bool) -> Included:
    if binary:
        raise UnreadableTextError("it is no text")
    names = ModuleNames(member.file.source, member.file.tree)
    return included(given["default"], encoding_of(given), names, flow.file.source)


def _plain(member: Member, given: dict[str, ast.expr], pipeline: str, report: Report) -> Parameter:
    name = _name(member, given)
    kind = _kind(member, given)
    default = given.get("default")
    if "is_flag" in given and literal(given["is_flag"]) == (True, True):  # click's own: given or not
        kind = kind or "bool"
        default = default if default is not None else ast.Constant(False)
    separator = literal(given["separator"]) if "separator" in given else (True, None)
    if default is None or literal(default) == (True, None):
        required = "required" in given and literal(given["required"]) == (True, True)
        if required:
            return Parameter(member.name, name, kind or "str", None, _help(given))
        return Parameter(member.name, name, f"{kind or 'str'} | None", "None", _help(given))
    known, value = constant(member, default)
    if not known:
        if isinstance(default, ast.Name) and kind is not None and not _is_function(member, default.id):
            return Parameter(member.name, name, kind, default.id, _help(given))
        if _is_special_float(default):
            return Parameter(member.name, name, "float", one_line(default), _help(given))
        reason = "it is computed when the flow is deployed"
        span = member.file.source.span(default)
        report.add(SettingNotKept(span, TARGET, pipeline, f"default of {name}", reason))
        return Parameter(member.name, name, kind or "str", None, _help(given))
    if separator[1] is not None and isinstance(value, str):
        report.add(Adapted(member.file.source.span(member.node), pipeline, f"`{name}` is given as a list"))
        return Parameter(member.name, name, "list[str]", python(value.split(str(separator[1]))), _help(given))
    if kind in ("dict", "list", "object") and isinstance(value, str):
        try:
            value = json.loads(value)
            value = ours.untagged(value) if _is_exact(member, given) else value
        except (ValueError, TypeError) as error:
            raise _refused(member, f"its default is no JSON: {error}") from None
    if kind in (None, "object"):
        kind = "dict | list | None" if value is None else type(value).__name__
        if value is not None and kind not in (*TYPES, "dict", "list", *ours.EXACT):
            raise _refused(member, f"its default is {kind}")
    text = python(value)
    if kind == "float" and type(value) is int:
        text = python(float(value))
    elif literal(default)[0] is False and value == constant(member, default)[1] and is_of_module(member, default):
        text = one_line(default)  # by its name, as it was
    return Parameter(member.name, name, kind or "str", text, _help(given))


def _is_special_float(node: ast.expr) -> bool:
    """`float("inf")` and the like, which have no literal."""
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str())], keywords=[]):
            return True
    return False


def _is_exact(member: Member, given: dict[str, ast.expr]) -> bool:
    """Whether a value is given as JSON with tags for what JSON has not."""
    return member.file.is_ours and "type" in given and one_line(given["type"]) == f"{ours.JSON}()"


def _is_function(member: Member, name: str) -> bool:
    return any(isinstance(n, ast.FunctionDef) and n.name == name for n in member.file.tree.body)


def _kind(member: Member, given: dict[str, ast.expr]) -> str | None:
    """The annotation that `type=` asks for; "object" for JSON of any kind."""
    node = given.get("type")
    if node is None or literal(node) == (True, None):
        return None
    if member.file.imported.word(node) == "JSONType":
        known, value = constant(member, given["default"]) if "default" in given else (False, None)
        if known and isinstance(value, (dict, list)):
            return type(value).__name__
        return "object" if known and isinstance(value, str) else "dict | list"
    if _is_exact(member, given):
        return "object" if "default" in given else "dict | list"
    name = one_line(node)
    if name not in TYPES:
        raise _refused(member, f"its type `{name}` is none of int, float, str, bool and JSONType")
    return TYPES[name]
