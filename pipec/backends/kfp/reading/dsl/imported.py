"""Names that come from libraries: they are never imported, only known by where they come from."""

from __future__ import annotations

import builtins
import re
import sys
from dataclasses import dataclass

_KNOWN_ADVICE = {
    "os.environ": "write the value into the file, or make it a parameter of the pipeline",
    "sys.argv": "make it a parameter of the pipeline",
    "yaml": "write the values into the file",
    "open": "write the contents into the file",
    "requests": "write the values into the file",
}


@dataclass(frozen=True)
class Imported:
    """A module, class, function or constant of a library."""

    path: str
    """Dotted, as documented: `kfp.dsl.component`."""

    @property
    def is_standard(self) -> bool:
        """Whether it is Python's own, and so makes no task."""
        return self.path.split(".")[0] in sys.stdlib_module_names or hasattr(builtins, self.path)

    @property
    def advice(self) -> str:
        """What to do instead of using it in a pipeline."""
        for prefix, advice in _KNOWN_ADVICE.items():
            if self.path == prefix or self.path.startswith(prefix + "."):
                return advice
        return "write the value that it gives into the file"


def canonical(path: str) -> str:
    """A name of the SDK as its documentation calls it, wherever it was imported from."""
    path = re.sub(r"^kfp\.(v2|compiler\.compiler|dsl\.types|components\.types)\.", _short, path)
    path = re.sub(r"^kfp\.(dsl|kubernetes|components)\.[a-z_]+\.([A-Za-z_]+)$", r"kfp.\1.\2", path)
    path = re.sub(r"^kfp\.components\.(InputPath|OutputPath|PipelineTaskFinalStatus)$", r"kfp.dsl.\1", path)
    return re.sub(r"^kfp_kubernetes\.", "kfp.kubernetes.", path)


def _short(match: re.Match[str]) -> str:
    return {"v2": "kfp.", "compiler.compiler": "kfp.compiler."}.get(match[1], "kfp.dsl.")
