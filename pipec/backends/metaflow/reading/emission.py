"""The statements of a pipeline function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipec.backends.metaflow.reading.inlining import Inlined
from pipec.backends.metaflow.reading.model import (
    Body,
    Call,
    Choose,
    Item,
    Loop,
    Made,
    Note,
    Place,
    Together,
    Value,
)
from pipec.backends.metaflow.reading.naming import source
from pipec.backends.metaflow.reading.ordering import is_effect
from pipec.compiler.pysource.negate import negated_text
from pipec.compiler.pysource.text import one_line, python
from pipec.compiler.reading import Line, Nested, Remark, Statement


@dataclass
class Emission:
    """Prints the body of one pipeline."""

    functions: Mapping[str, str]
    """Step -> its function."""
    outputs: Mapping[str, list[str]]
    """Step -> the artifacts that its function returns."""
    error: str = "error"
    """A name for what an `except` catches that nothing else has."""
    inlined: Mapping[str, Inlined] = field(default_factory=dict)
    """Step -> its body, where that stands in the place of a call."""
    tests: dict[Choose, str] = field(default_factory=dict)
    """Choice -> what it looks at, where that has no variable."""

    def block(self, body: Body, parallel: bool = False) -> tuple[Statement, ...]:
        """The statements of a block."""
        return tuple(self._statements(body, parallel))

    def _statements(self, body: Body, parallel: bool) -> Iterator[Statement]:
        for n, one in enumerate(body):
            if (
                isinstance(one, Call)
                and n + 1 < len(body)
                and (tested := self._test_only(one, body[n + 1])) is not None
            ):
                yield from tested
                continue
            match one:
                case Note():
                    yield Remark(one.text)
                case Together():
                    yield from self._together(one, parallel)
                case Call() | Loop() | Choose():
                    lines = list(
                        self._call(one) if isinstance(one, Call)
                        else self._loop(one) if isinstance(one, Loop)
                        else self._choose(one)
                    )  # fmt: skip
                    if one.after:
                        names = list(dict.fromkeys(source(value) for value in one.after))
                        listed = f"{names[0]}," if len(names) == 1 else ", ".join(names)
                        yield Nested(f"with parallel(after=({listed})):", tuple(lines))
                    else:
                        yield from lines

    def _together(self, one: Together, parallel: bool) -> Iterator[Statement]:
        alone = is_effect(one) and not parallel
        inner = [statement for branch in one.branches for statement in self._statements(branch, parallel or alone)]
        if alone:
            yield Nested("with parallel():", tuple(inner))
        else:
            yield from inner

    def _test_only(self, call: Call, choose: object) -> tuple[Line, ...] | None:
        """The statements of a call but for the last, which only says what the choice below it looks at."""
        if not isinstance(choose, Choose) or call.step not in self.inlined or call.caught is not None or choose.after:
            return None
        condition = choose.condition
        if not isinstance(condition, Made) or condition.call is not call or len(condition.uses) != 1 or call.after:
            return None
        *before, last = self._lines(call) or (Line(""),)
        value = last.source.removeprefix(f"{condition.variable} = ")
        if value == last.source:
            return None
        self.tests[choose] = _condition(value)
        return tuple(before)

    # Calls.

    def expression(self, call: Call) -> str:
        """The call itself."""
        return f"{self.functions[call.step]}({', '.join(source(value) for value in call.arguments)})"

    def _lines(self, call: Call) -> tuple[Line, ...]:
        if call.step in self.inlined:
            return tuple(map(Line, self.inlined[call.step].written(call, self.outputs[call.step]) or []))
        targets = self._targets(call)
        return (Line(f"{', '.join(targets)} = {self.expression(call)}" if targets else self.expression(call)),)

    def _call(self, call: Call) -> Iterator[Statement]:
        lines = self._lines(call)
        if call.caught is None:
            yield from lines
            return
        error = call.outputs["@error"]
        if error.used:
            yield Line(f"{error.variable} = None")
        for name, value in call.outputs.items():
            if value.used and name != "@error":
                before = source(call.fallbacks[name]) if name in call.fallbacks else "None"
                if before != value.variable:
                    yield Line(f"{value.variable} = {before}")
        yield Nested("try:", lines)
        if error.used:
            handler = Line(f"{error.variable} = str({self.error})")
            yield Nested(f"except Exception as {self.error}:", (handler,))
        else:
            yield Nested("except Exception:", ())

    def _targets(self, call: Call) -> list[str]:
        names = self.outputs[call.step]
        made = [call.outputs.get(name) for name in names]
        if not any(value is not None and value.used for value in made):
            done = call.outputs.get("@done")
            return [done.variable] if done is not None and done.used else []
        return [value.variable if value is not None and value.used else "_" for value in made]

    # Loops.

    def _loop(self, loop: Loop) -> Iterator[Statement]:
        header = self._header(loop)
        gathered = [one for one in loop.gathered if one.used]
        only = self._only_call(loop)
        if only is not None and len(gathered) == 1 and gathered[0].inner is not None:
            inner = gathered[0].inner
            if isinstance(inner, Made) and inner.call is only and len(self._targets(only)) == 1:
                lines = self._lines(only)
                value = lines[0].source.removeprefix(f"{inner.variable} = ") if len(lines) == 1 else ""
                if value and value != lines[0].source:
                    yield Line(f"{gathered[0].variable} = [{value} {header}]")
                    return
        for one in gathered:
            yield Line(f"{one.variable} = []")
        appended = []
        for one in gathered:
            assert one.inner is not None
            appended.append(Line(f"{one.variable}.append({source(one.inner)})"))
        yield Nested(f"{header}:", (*self.block(loop.body), *appended))

    def _only_call(self, loop: Loop) -> Call | None:
        match loop.body:
            case [Call(caught=None, after=[]) as call]:
                return call
        return None

    def _header(self, loop: Loop) -> str:
        over, item, index = source(loop.over), self._bound(loop.item), self._bound(loop.index)
        if index is not None:
            return f"for {index}, {item or '_'} in enumerate({over})"
        return f"for {item or '_'} in {over}"

    def _bound(self, item: Item | None) -> str | None:
        return item.variable if item is not None and item.used else None

    # Choices.

    def _choose(self, choose: Choose) -> Iterator[Statement]:
        condition = self.tests.get(choose) or source(choose.condition)
        bodies = [(*self.block(arm), *self._merges(choose, n)) for n, (_, arm) in enumerate(choose.arms)]
        tests = [self._test(condition, values, choose) for values, _ in choose.arms]
        if len(tests) == 2 and not choose.otherwise and not bodies[0]:  # only the second arm does anything
            if bodies[1]:
                yield Nested(f"if {tests[1]}:", bodies[1])
            return
        for n, (test, body) in enumerate(zip(tests, bodies)):
            if n == len(bodies) - 1 and n and not choose.otherwise:
                if body:
                    yield Nested("else:", body)
            else:
                yield Nested(f"{'elif' if n else 'if'} {test}:", body)
        if choose.otherwise:
            text = "{" + condition + "!r}"
            yield Nested("else:", (Line(f'raise PipelineFailed(f"no step for {choose.name} = {text}")'),))

    def _test(self, condition: str, values: tuple[object, ...], choose: Choose) -> str:
        if values in ((True,), (False,)) and not choose.otherwise and type(values[0]) is bool:
            return condition if values[0] else negated_text(condition)
        texts = [python(value) for value in values]
        if len(texts) == 1:
            return f"{condition} == {texts[0]}"
        return f"{condition} in ({', '.join(texts)})"

    def _merges(self, choose: Choose, n: int) -> Iterator[Line]:
        for merged in choose.merged:
            if merged.used:
                arm = merged.arms[n]
                text = source(arm) if arm is not None else "None"
                if text != merged.variable:
                    yield Line(f"{merged.variable} = {text}")


def _condition(value: str) -> str:
    """`x` of `bool(x)`: in a condition truthiness counts."""
    match ast.parse(value, mode="eval").body:
        case ast.Call(func=ast.Name(id="bool"), args=[inner], keywords=[]):
            return one_line(inner)
    return value


def returning(statements: tuple[Statement, ...], value: str) -> tuple[Statement, ...]:
    """`statements`, and the `return` of `value`: of what the last one binds, where that is all that it does."""
    *before, last = statements or (Line(""),)
    if isinstance(last, Line) and last.source.startswith(f"{value} = ") and value.isidentifier():
        return (*before, Line(f"return {last.source.removeprefix(f'{value} = ')}"))
    return (*statements, Line(f"return {value}"))


def result(values: Mapping[str, Value], place: Place) -> str:
    """The `return` of a pipeline."""
    entries = ", ".join(f"{python(name)}: {source(value)}" for name, value in values.items())
    return f"return {{{entries}}}"
