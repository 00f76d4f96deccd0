"""Registries hold what the project's modules enter when they are imported, by decorators, hooks, calls and assignments."""

import plugins  # noqa: F401  # fills the registry
from registry import FIELDS, KNOWN, SHARED, Counted, Plugin, add, describe

from pipec import pipeline, step

OPTIONS = {"a": 1}
OPTIONS.update(b=2)


def configure():
    OPTIONS["c"] = len(KNOWN)


configure()
add("pipeline")


class App:
    def __init__(self):
        self.routes = []

    def route(self, path):
        def enter(function):
            self.routes.append((path, function(path)))
            return function

        return enter


app = App()


@app.route("/a")
def first(path):
    return len(path)


@step
def functions(n: int) -> dict:
    return {name: KNOWN[name](n) for name in sorted(KNOWN)}


@step
def classes(n: int) -> list:
    return [n, {name: (kind.size, kind.name) for name, kind in Plugin.kinds.items()}, Counted.made]


@step
def others(n: int) -> list:
    return [OPTIONS, SHARED, FIELDS, KNOWN["scale"].unit, app.routes, describe(n), describe("x")]


@pipeline
def code_registries(n: int = 3) -> list:
    return [functions(n), classes(n), others(n)]
