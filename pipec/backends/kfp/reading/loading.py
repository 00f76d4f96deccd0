"""YAML text -> its documents as plain data, with the places of their entries. Bounded in time and memory.

The parser's events are read one by one: nothing is composed by the library, no tag makes an object, and an alias counts
as often as it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from pipec.backends.kfp.reading.documents import Path
from pipec.compiler.reading import Source
from pipec.ir import Span

LARGEST = 32 * 2**20
"""What a server takes as one file, in bytes."""
MOST = 400_000
"""Entries of all documents together, each use of an alias counted."""
DEEPEST = 150
"""Levels of nesting: a compiled pipeline has about twenty."""
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_PLAIN = (*_NUMBERS, "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool")
_TEXT = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
_WORD = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[A-Za-z_/][\w./-]*\Z", re.ASCII | re.IGNORECASE)
"""A plain scalar that is text, as nearly all are."""
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class UnreadableError(Exception):
    """The text is no YAML that is read here."""

    def __init__(self, reason: str, span: Span) -> None:
        super().__init__(reason)
        self.reason = reason
        self.span = span


@dataclass
class Document:
    """One document of the file."""

    data: Any = None
    places: dict[Path, Span] = field(default_factory=dict)
    """Where each key of it was written; the beginning of the document for `()`."""


@dataclass
class _Open:
    """A mapping or a list that is being read."""

    data: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    key: str | None = None
    size: int = 1

    @property
    def next_path(self) -> Path:
        last = self.key if isinstance(self.data, dict) else str(len(self.data))
        return (*self.path, last or "")


def documents(source: Source) -> list[Document]:
    """The documents of `source`; raises `UnreadableError`."""
    size = len(source.text.encode(errors="surrogatepass"))
    if size > LARGEST:
        raise UnreadableError(f"the file has {size} bytes, and a server takes {LARGEST}", source.start)
    try:
        return _Builder(source).build(yaml.parse(source.text, Loader=_loader()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = source.at(mark.line + 1, mark.column + 1) if mark else source.start
        raise UnreadableError(f"it is no YAML: {error.problem or error.context}", span) from None
    except (yaml.YAMLError, UnicodeError) as error:
        reason = getattr(error, "reason", "") or "characters that no YAML has"
        raise UnreadableError(f"it is no YAML: {reason}", source.start) from None


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Builder:
    """Makes the documents of the parser's events."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Document] = []
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0
        self.scalars: Any = yaml.SafeLoader("")

    def build(self, events: Iterator[yaml.Event]) -> list[Document]:
        """Read all events."""
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self.found.append(Document())
                    self.anchors = {}
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._start(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end(event)
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.AliasEvent():
                    anchored = self.anchors.get(event.anchor or "")
                    if anchored is None:
                        raise self._refused(event, f"the alias `*{event.anchor}` has no anchor before it")
                    self._put(*anchored, event)
        return self.found

    def _place(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return self.source.start
        width = end.column - start.column if end.line == start.line else 0
        return self.source.at(start.line + 1, start.column + 1, max(width, 0))

    def _refused(self, event: yaml.Event, reason: str) -> UnreadableError:
        return UnreadableError(reason, self._place(event))

    def _start(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _COLLECTIONS:
            raise self._refused(event, f"the tag `{event.tag}` is not for plain data")
        if len(self.open) >= DEEPEST:
            raise self._refused(event, f"it is nested more than {DEEPEST} levels deep")
        parent = self.open[-1] if self.open else None
        if parent is not None and isinstance(parent.data, dict) and parent.key is None:
            raise self._refused(event, "a key is no text")
        path = parent.next_path if parent else ()
        if not parent:
            self.found[-1].places[()] = self._place(event)
        data: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.open.append(_Open(data, path, event.anchor))

    def _end(self, event: yaml.Event) -> None:
        made = self.open.pop()
        if made.anchor:
            self.anchors[made.anchor] = (made.data, made.size)
        self.count -= made.size - 1  # they were counted one by one
        self._put(made.data, made.size, event)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        parent = self.open[-1] if self.open else None
        if parent is not None and isinstance(parent.data, dict) and parent.key is None:
            if event.value in parent.data:
                raise self._refused(event, f"the key `{event.value[:60]}` is there twice")
            parent.key = event.value
            self.found[-1].places[parent.next_path] = self._place(event)
            return
        value = self._value(event)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)
        self._put(value, 1, event)

    def _value(self, event: yaml.ScalarEvent) -> Any:
        implicit = event.implicit if isinstance(event.implicit, tuple) else (bool(event.implicit), False)
        tag = event.tag
        if tag is None and implicit == (True, False) and _WORD.match(event.value):
            return event.value
        if tag is None or tag == "!":
            tag = self.scalars.resolve(yaml.ScalarNode, event.value, implicit)
        if tag in _TEXT:
            return event.value
        if tag not in _PLAIN:
            raise self._refused(event, f"the tag `{tag}` is not for plain data")
        if tag in _NUMBERS and len(event.value) > 4000:
            raise self._refused(event, "a number has more than 4000 digits")
        try:
            return self.scalars.construct_object(yaml.ScalarNode(tag, event.value))
        except (ValueError, KeyError, yaml.YAMLError):
            raise self._refused(event, f"`{event.value[:60]}` is no `{tag.rpartition(':')[2]}`") from None

    def _put(self, value: Any, size: int, event: yaml.Event) -> None:
        self.count += size
        if self.count > MOST:
            raise self._refused(event, f"it has more than {MOST:,} entries")
        if not self.open:
            self.found[-1].data = value
            return
        parent = self.open[-1]
        parent.size += size
        if isinstance(parent.data, list):
            parent.data.append(value)
        elif parent.key is None:
            raise self._refused(event, "a key is no text")
        else:
            parent.data[parent.key] = value
            parent.key = None


LIKELY = re.compile(
    r"^\s*[\"']?(?:pipelineInfo|deploymentSpec|schemaVersion|pipelineSpec)[\"']?\s*:"
    r"|[{,]\s*[\"'](?:pipelineInfo|deploymentSpec|pipelineSpec)[\"']\s*:",
    re.M,
)
"""What the text of a compiled pipeline has somewhere."""
