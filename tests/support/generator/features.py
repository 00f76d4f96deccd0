"""The switches of the generator: one for each construct."""

from __future__ import annotations

FEATURES = {
    "crossing": "layers of tasks that need several of the layer above: graphs that are not series-parallel",
    "branches": "if, elif, else, with names that both arms bind",
    "returns": "early returns",
    "loops": "for with append and item assignment, comprehensions, nested, filtered",
    "expressions": "the table of run-time expressions",
    "dicts": "dicts as values, and fan-outs into them",
    "objects": "artifacts of the user's own classes, lists of them",
    "optional": "artifacts and values that may be None",
    "files": "files as artifacts",
    "addresses": "the addresses of files, uri_of",
    "outputs": "several outputs: tuples and fields",
    "groups": "sub-pipelines, of fixed and of random bodies",
    "effects": "calls for their effect",
    "parallel": "with parallel(), and bounded fan-outs",
    "failures": "steps and expressions that fail",
    "retries": "steps that fail in the first attempt",
    "values": "values that are hard to hand on: text with markup, huge integers, nan, None, empty and nested containers",
    "names": "names that mean something to an orchestrator, or that differ in case or an underscore alone",
    "asserts": "assert",
    "raises": "raise PipelineFailed",
    "finally": "try and finally",
    "except": "try and except",
    "waits": "wait_for",
    "run": "run.id, run.date, run.attempt",
    "carried": "a value carried through a loop over constants",
}
"""What the language has."""

LANGUAGE = frozenset(FEATURES) - {"addresses"}
"""What all targets have."""
FAILURES = frozenset(("asserts", "raises", "finally", "except"))
"""What fails or catches: after `soften` an error has the same message, but may be of another type."""
LAWS = LANGUAGE - {"retries", "files", "waits", "run"}
"""What the laws can judge without an orchestrator: attempts, files, sensors and run ids need a runner."""


def chosen(text: str) -> frozenset[str]:
    """`"language"`, `"loops,groups"`, or `"laws,-files,+waits"` as features; `ValueError` for others."""
    found: set[str] = set()
    for word in filter(None, (part.strip() for part in text.split(","))):
        name = word.lstrip("+-")
        named = {"language": LANGUAGE, "laws": LAWS}.get(name, frozenset((name,)))
        if not named <= FEATURES.keys():
            raise ValueError(f"no feature {name!r}; there are {', '.join(sorted(FEATURES))}")
        found = found - named if word.startswith("-") else found | named
    return frozenset(found)
