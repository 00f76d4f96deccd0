"""The steps of the module: one for each executor and way of running it; tasks that are alike share theirs."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipec.backends.kfp.reading import natives, policy
from pipec.backends.kfp.reading.addresses import addresses_of, stored_inputs
from pipec.backends.kfp.reading.arguments import renamed, with_parameters
from pipec.backends.kfp.reading.commands import command
from pipec.backends.kfp.reading.documents import Documents, Path
from pipec.backends.kfp.reading.functions import HELPERS, Adapted, adapt, helper_source
from pipec.backends.kfp.reading.names import Names
from pipec.backends.kfp.reading.natives import Words
from pipec.backends.kfp.reading.ports import TYPES, Output
from pipec.backends.kfp.reading.programs import Program, function_name, program
from pipec.compiler.pysource.text import python
from pipec.compiler.reading import ContainerStep, Definition, Item, NativeStep, StepFunction, settings_of
from pipec.ir import TaskPolicy

PLACEHOLDER = policy.PLACEHOLDER
UNKEPT = {
    "taskConfigPassthroughs": "a step does not get the settings of its own task",
    "singlePlatformSpecs": "settings of platforms are read in a document of their own",
}
UNKEPT_OF_CONTAINERS = {"lifecycle": "pipec has nothing that runs before a cache is asked"}
"""Field -> why it has no counterpart."""
STUBS = {
    "argostub/createpvc": "it makes a volume claim while the pipeline runs, which the server does itself",
    "argostub/deletepvc": "it deletes a volume claim while the pipeline runs, which the server does itself",
}
"""Image of a step that the server runs itself -> what it does."""
MISSING = "there is no function"
"""What no server can run."""
COPIED = "the artifact at its URI is copied into the store, where Kubeflow only refers to it"
UNDESCRIBED = "the metadata of the imported artifact are not kept"


@dataclass
class Plan:
    """What a task becomes."""

    name: str = ""
    """The step that it calls."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Input of the component -> parameter of the step; inputs that are missing are not handed over."""
    outputs: tuple[Output, ...] = ()
    """In the order in which the step returns them."""
    notes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    lost_settings: tuple[tuple[Path, str, str], ...] = ()
    refused: str = ""
    """Why there is no such step."""
    cached: bool = False
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Parameter -> what it is given where the task gives nothing."""
    kept: str = ""
    """The class or function of the SDK by which it is kept in Kubeflow's own words."""
    texts: frozenset[str] = frozenset()
    """Outputs of a container or native step that are plain text."""
    described: frozenset[str] = frozenset()
    """Inputs whose metadata it reads in Kubeflow's own way."""
    native: bool = False
    """Kubeflow runs it as it was, and other targets can run it too."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Input that is an artifact -> the further parameter of the step that takes its address."""


class Steps:
    """Makes and keeps the steps."""

    def __init__(self, documents: Documents, names: Names) -> None:
        self.documents, self.names = documents, names
        self.items: list[Item] = []
        self.helpers: dict[str, None] = {}
        self.imports: dict[str, None] = dict.fromkeys(documents.imports)
        self.definitions: dict[str, str] = {}
        """Name of an other top-level statement of a component's program -> its text."""
        self.plans: dict[object, Plan] = {}
        self.filled_in: dict[str, Plan] = {}
        """Task -> the placeholder that it gets."""
        self.programs: dict[str, Program | str] = {}
        for label, executor in (documents.spec.get("deploymentSpec") or {}).get("executors", {}).items():
            found = program((executor or {}).get("container") or {}, documents.sources.get(label))
            self.programs[label] = found

    def plan(self, task_path: Path, task: Mapping[str, Any]) -> Plan:
        """The step of a task that is no DAG."""
        component = self.documents.spec["components"][task["componentRef"]["name"]]
        label = component["executorLabel"]
        executor = self.documents.spec["deploymentSpec"]["executors"][label]
        if "importer" in executor:
            return self._importer(label, executor["importer"] or {}, component, task_path, task)
        if "container" not in executor:
            kind = next(iter(executor), "")
            return Plan(refused=f"its executor is a `{kind}`, which runs on another platform")
        read = policy.read(self.documents, label, task_path, task, self.giver)
        container = executor["container"] or {}
        image = container.get("image") or ""
        if not image:
            return Plan(refused="it has no image")
        if image in STUBS:
            return self._native(
                natives.claim(image, task),
                STUBS[image],
                ("claim", task_path, read.policy.model_dump_json()),
                label,
                read,
            )
        if image.startswith("argostub/"):
            return Plan(refused=f"`{image}` is a step of Kubeflow itself")
        made = self._translated(label, component, image, task, read, stored_inputs(self.documents, task_path, task))
        if made.refused and MISSING not in made.refused:
            key = ("native", label, read.policy.model_dump_json())
            kept = self._native(natives.component(container, component), made.refused, key, label, read)
            made = made if kept.refused else kept
        notes = (*made.notes, *read.notes)
        reference = task["componentRef"]["name"]
        read.lost += [
            ((*place, name), name, reason)
            for place, holder, names in (
                (("components", reference), component, UNKEPT),
                (("deploymentSpec", "executors", label, "container"), container, UNKEPT_OF_CONTAINERS),
            )
            for name, reason in names.items()
            if holder.get(name)
        ]
        return Plan(
            made.name, made.parameters, made.outputs, notes, made.changes, (*made.lost_settings, *read.lost),
            made.refused, read.policy.cache is not None, made.defaults, made.kept, made.texts, made.described,
            addresses=made.addresses,
        )  # fmt: skip

    def _translated(
        self, label: str, component: Mapping[str, Any], image: str, task: Mapping[str, Any], read: policy.Read,
        stored: frozenset[str],
    ) -> Plan:  # fmt: skip
        """A step that runs everywhere, or why there is none."""
        if PLACEHOLDER.search(image):
            return Plan(refused="its image is known only in the run")
        found = self.programs[label]
        if isinstance(found, Program):
            return self._function(found, component, image, read, stored)
        if found:
            return Plan(refused=found)
        inputs = task.get("inputs") or {}
        given = frozenset(inputs.get("parameters") or {}) | frozenset(inputs.get("artifacts") or {})
        container = self.documents.spec["deploymentSpec"]["executors"][label]["container"] or {}
        return self._container(label, container, component, image, read, given)

    # what only Kubeflow can run

    def _native(self, words: Words, reason: str, key: object, label: str, read: policy.Read) -> Plan:
        """A native step; `reason`: why it is one."""
        if key in self.plans or words.refused:
            return self.plans[key] if key in self.plans else Plan(refused=words.refused)
        container = self.documents.spec["deploymentSpec"]["executors"][label]["container"] or {}
        name = self.names.top(function_name(container) or label.removeprefix("exec-"))
        self._named(read, label, {n: p for n, p in words.parameters.items() if words.inputs.get(p) == "str"})
        changes = tuple(words.changes)
        bare = read.policy if words.what == "dsl.ContainerSpec" else TaskPolicy(cache=read.policy.cache)
        remarks = (f"PC503: {reason}", *_remarks(changes, tuple(read.lost)))
        outputs = {o.name: o.annotation for o in words.outputs}
        step = NativeStep(name, "kfp", words.source, words.imports, remarks, words.inputs, outputs, settings_of(bare))
        self.items.append(step)
        self._paths([*words.inputs.values(), *outputs.values()])
        texts = frozenset(o.name for o in words.outputs if o.kind == "STRING")
        self.plans[key] = Plan(
            name,
            words.parameters,
            words.outputs,
            tuple(words.notes),
            changes,
            tuple(read.lost),
            cached=bare.cache is not None,
            defaults=words.defaults,
            kept=words.what,
            texts=texts,
        )
        return self.plans[key]

    def giver(self, path: Path) -> Plan:
        """The step of the task at `path`, which gives something to the settings of another one."""
        task: Any = self.documents.spec
        for key in path:
            task = task[key]
        return self.plan(path, task)

    def placeholder(self, name: str, task: str) -> str:
        """The call that gives a text that the server fills in for `task`; "" where there is no such text."""
        key = ("placeholder", name)
        if key not in self.plans:
            words = natives.placeholder(name)
            if words is None:
                return ""
            step = self.names.top(name)
            remark = "PC503: the server fills it in, wherever it stands"
            self.items.append(NativeStep(step, "kfp", words.source, words.imports, (remark,), {}, {"text": "str"}))
            self.plans[key] = Plan(step, kept=words.what)
        self.filled_in[task] = self.plans[key]
        return f"{self.plans[key].name}()"

    # functions

    def _function(
        self, found: Program, component: Mapping[str, Any], image: str, read: policy.Read, stored: frozenset[str]
    ) -> Plan:
        variables = {k: v for k, v in found.install.variables if k not in read.policy.env}
        policy_ = read.policy.model_copy(update={"env": {**variables, **read.policy.env}})
        addressed = addresses_of(found.source, component, stored)
        key = (found.name, found.source, found.before, found.after, found.imports, image, found.install.packages,
               policy_.model_dump_json(), _interface(component), frozenset(addressed))  # fmt: skip
        if key in self.plans:
            return self.plans[key]
        name = self.names.top(found.name)
        adapted = adapt(found.source, name, component, addressed)
        lost = self._around(found, adapted)
        if lost or adapted.lost:
            self.names.module.discard(name)
            self.plans[key] = Plan(refused=lost or "; ".join(adapted.lost))
            return self.plans[key]
        extra = [n for n in dict.fromkeys(policy_.arguments.values()) if n not in adapted.parameters]
        text, more = with_parameters(adapted.source, extra) if extra else (adapted.source, {})
        parameters = {**adapted.parameters, **more}
        settings = settings_of(renamed(policy_, parameters)[0])
        settings = {"image": python(image), **settings} if image else settings
        if found.install.packages:
            settings["packages"] = python(list(found.install.packages))
        notes = [*adapted.notes]
        if variables:
            notes.append(f"pip's options are environment variables: {', '.join(variables)}")
        unknown = tuple(
            (("deploymentSpec", "executors", component["executorLabel"]), f"pip {option}", "pipec has no word for it")
            for option in found.install.unknown
        )
        remarks = _remarks(adapted.changes, (*unknown, *read.lost))
        self.items.append(StepFunction(text, settings, remarks))
        self.imports |= dict.fromkeys(adapted.imports)
        self.helpers |= dict.fromkeys(adapted.helpers)
        self.plans[key] = Plan(
            name,
            parameters,
            adapted.outputs,
            tuple(notes),
            adapted.changes,
            unknown,
            addresses=adapted.addresses,
        )
        return self.plans[key]

    def _around(self, found: Program, adapted: Adapted) -> str:
        """Take over the other statements of a component's program; a reason where they cannot be."""
        for text in (*found.before, *found.after):
            tree = ast.parse(text)
            node = tree.body[0] if tree.body else None
            name = getattr(node, "name", None)
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
            if name is None or name.startswith("__kfp") or "__KFP_EMBEDDED" in text:
                return "its program has an archive in it, which it unpacks beside the function"
            if self.definitions.get(name, text) != text or (name in self.names.module and name not in self.definitions):
                return f"its program has another `{name}` than another component's"
            if name not in self.definitions:
                self.definitions[name] = text
                self.names.module.add(name)
                self.items.append(Definition(text))
        self.imports |= dict.fromkeys(found.imports)
        return ""

    # containers

    def _container(
        self, label: str, container: Mapping[str, Any], component: Mapping[str, Any], image: str, read: policy.Read,
        given: frozenset[str],
    ) -> Plan:  # fmt: skip
        made = command(container, component, given)
        self._named(read, label, {n: n for n in made.inputs})
        base = label.removeprefix("exec-")
        key = (base.rstrip("-0123456789"), image, made.command, made.args, tuple(made.inputs.items()),
               tuple(made.defaults.items()), tuple(made.outputs.values()), read.policy.model_dump_json())  # fmt: skip
        if key in self.plans:
            return self.plans[key]
        wrong = [n for n in (*made.inputs, *made.outputs) if not n.isidentifier() or keyword.iskeyword(n)]
        both = [n for n in made.inputs if n in made.outputs]
        if wrong or both:
            made.lost.append(f"`{(wrong or both)[0]}` cannot be the name of an input or output here")
        if made.lost:
            self.plans[key] = Plan(refused="; ".join(dict.fromkeys(made.lost)))
            return self.plans[key]
        name = self.names.top(base)
        remarks = _remarks((), tuple(read.lost))
        outputs = {n: o.annotation for n, o in made.outputs.items()}
        settings = settings_of(read.policy)
        self.items.append(ContainerStep(name, image, made.command, made.args, made.inputs, outputs, settings, remarks))
        self._paths([*made.inputs.values(), *outputs.values()])
        parameters = {n: n for n in made.inputs}
        texts = frozenset(n for n, o in made.outputs.items() if o.annotation == "str")
        self.plans[key] = Plan(
            name, parameters, tuple(made.outputs.values()), tuple(made.notes), defaults=made.defaults, texts=texts
        )
        return self.plans[key]

    def _named(self, read: policy.Read, label: str, parameters: Mapping[str, str]) -> None:
        """Have the settings of `read` name `parameters`; the others are lost."""
        read.policy, lost = renamed(read.policy, parameters)
        place = ("deploymentSpec", "executors", label, "container", "resources")
        read.lost += [(place, part.removeprefix("targets.kfp."), "its value is known only in the run") for part in lost]

    def _paths(self, annotations: list[str]) -> None:
        if any("Path" in annotation for annotation in annotations):
            self.imports["from pathlib import Path"] = None
        if any("Annotated[" in annotation for annotation in annotations):
            self.imports["from typing import Annotated"] = None

    # importers

    def _importer(self, label: str, importer: Mapping[str, Any], component: Mapping[str, Any], path: Path,
                  task: Mapping[str, Any]) -> Plan:  # fmt: skip
        """An importer, with a step that copies what lies there in its stead; or the copy alone."""
        read = policy.read(self.documents, label, path, task, self.giver)
        key = ("importer", label, read.policy.model_dump_json())
        if key in self.plans:
            return self.plans[key]
        words = natives.importer(importer, component)
        if not words.inputs and "artifact_uri=" not in words.source:
            return Plan(refused=words.refused)
        name = self.names.top(label.removeprefix("exec-").rstrip("-0123456789"))
        (output,) = words.outputs
        copy = name if words.refused else self.names.top(f"copy_of_{name}")
        changes = [COPIED, *([UNDESCRIBED] if importer.get("metadata") else [])]
        self._copy(copy, importer, next(iter(words.inputs), ""), output.annotation, changes if words.refused else [])
        if words.refused:
            self.plans[key] = Plan(copy, words.parameters, words.outputs, (), tuple(changes))
            return self.plans[key]
        note = f"elsewhere than on Kubeflow, {'; '.join(changes)}"
        settings = settings_of(TaskPolicy(cache=read.policy.cache))
        self.items.append(
            NativeStep(name, "kfp", words.source, words.imports, (f"PC504: {note}",), words.inputs,
                       {"artifact": output.annotation}, settings, copy)
        )  # fmt: skip
        self.plans[key] = Plan(
            name,
            words.parameters,
            words.outputs,
            (note,),
            lost_settings=tuple(read.lost),
            cached=bool(settings),
            native=True,
        )
        return self.plans[key]

    def _copy(self, name: str, importer: Mapping[str, Any], taken: str, annotation: str, changes: list[str]) -> None:
        """A step that copies what lies at a URI into the store."""
        uri = importer.get("artifactUri") or {}
        constant = str(uri.get("constant") or (uri.get("constantValue") or {}).get("stringValue") or "")
        where = f"    uri = {python(constant)}\n" if not taken else "" if taken == "uri" else f"    uri = {taken}\n"
        source = (
            f"def {name}({f'{taken}: str' if taken else ''}) -> {annotation}:\n"
            f'    """Fetch what lies at a URI."""\n'
            f"    import fsspec\n\n"
            f"{where}"
            f'    folder = Path(tempfile.mkdtemp(), uri.rstrip("/").rpartition("/")[2])\n'
            f"    filesystem, path = fsspec.url_to_fs(uri)\n"
            f"    filesystem.get(path, str(folder), recursive=True)\n"
            f"    return folder"
        )
        packages = {"gs": "gcsfs", "s3": "s3fs"}.get(constant.partition("://")[0])
        settings = {"packages": python(["fsspec", packages] if packages else ["fsspec"])}
        self.items.append(StepFunction(source, settings, tuple(f"PC507: {change}" for change in changes)))
        self.imports |= {"import tempfile": None, "from pathlib import Path": None}

    # the module

    def definitions_of_helpers(self) -> list[Item]:
        """The helper classes that the functions need."""
        wanted = [name for name in HELPERS if name in self.helpers]
        for name in wanted:
            self.imports |= dict.fromkeys(HELPERS[name][1])
        return [Definition(helper_source(name)) for name in wanted]


def _remarks(changes: tuple[str, ...], lost: tuple[tuple[Path, str, str], ...]) -> tuple[str, ...]:
    """What stands above a step."""
    unkept = (f"PC505: {setting} is not kept: {reason}" for _, setting, reason in lost)
    return tuple(dict.fromkeys([*(f"PC507: {change}" for change in changes), *unkept]))


def _interface(component: Mapping[str, Any]) -> str:
    return repr((component.get("inputDefinitions"), component.get("outputDefinitions")))


def type_name(kind: str) -> str:
    """The annotation of a parameter type."""
    return TYPES.get(kind, "dict")
