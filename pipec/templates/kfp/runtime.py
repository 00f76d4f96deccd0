"""The fixed helpers of a component's program: each program gets those that it calls, and what they call.

Every helper imports what it uses itself, so that nothing here can clash with the step's own names.
"""


class KfpStored:
    """A stored object or file that nobody has opened yet."""

    def __init__(self, path, uri):
        self.path, self.uri = path, uri


def kfp_pack(value, hint):
    """`value` as JSON: as it is where JSON is exact, as tagged objects elsewhere."""
    import base64
    import math

    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, (list, range, type({}.keys()), type({}.values()), type({}.items()))):
        return [kfp_pack(item, hint) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [kfp_pack(item, hint) for item in value]}
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {str.__str__(key): kfp_pack(item, hint) for key, item in value.items()}
        return {"$dict": [[kfp_pack(key, hint), kfp_pack(item, hint)] for key, item in value.items()]}
    if isinstance(value, (set, frozenset)):
        tag = "$frozenset" if isinstance(value, frozenset) else "$set"
        return {tag: sorted((kfp_pack(item, hint) for item in value), key=repr)}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    kind = type(value).__qualname__
    raise TypeError(f"{hint}: {kind!r} is no plain value. Annotate the result with its type (`-> {kind}`): an artifact")


def kfp_text(value, hint):
    """`value` as JSON text in which neither KFP nor Kubernetes finds a placeholder."""
    import json

    return json.dumps(kfp_pack(value, hint)).replace("{{", "{\\u007b").replace("$(", "\\u0024(")


def kfp_unpack(data):
    """The value that `kfp_pack` has packed."""
    import base64

    if isinstance(data, list):
        return [kfp_unpack(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = next(iter(data), "") if len(data) == 1 else ""
    if tag == "$float":
        return float(data[tag])
    if tag == "$dict":
        return {kfp_unpack(key): kfp_unpack(item) for key, item in data[tag]}
    if tag == "$bytes":
        return base64.b64decode(data[tag])
    if tag in ("$tuple", "$set", "$frozenset"):
        return {"$tuple": tuple, "$set": set, "$frozenset": frozenset}[tag](kfp_unpack(item) for item in data[tag])
    return {key: kfp_unpack(item) for key, item in data.items()}


def kfp_parse(text):
    """The value of a parameter; text that a person typed and that is no JSON is a `str`."""
    import json

    try:
        return kfp_unpack(json.loads(text))
    except ValueError:
        return {"True": True, "False": False, "None": None}.get(text, text)


def kfp_raw(task, name):
    """A `str` parameter of the pipeline."""
    return task["inputs"]["parameterValues"][name]


def kfp_value(task, name):
    """A parameter."""
    return kfp_parse(task["inputs"]["parameterValues"][name])


def kfp_values(task, name):
    """The parameters that the iterations of a loop gave."""
    return [kfp_parse(text) for text in task["inputs"]["parameterValues"][name]]


def kfp_path(uri):
    """Where KFP's launcher keeps the file of an artifact."""
    for scheme in ("gs", "s3", "minio", "oci"):
        if uri.startswith(scheme + "://"):
            return "/" + uri.replace("gs://", "gcs://", 1).replace("://", "/", 1)
    return uri


def kfp_find(uri):
    """What is stored at `uri`, unopened; lists, tuples, dicts and plain values are there as such."""
    import json
    import os

    path = kfp_path(uri.rstrip("/"))
    if os.path.basename(os.path.dirname(path)) == "file":
        return KfpStored(path, uri)
    if os.path.basename(path) == "value.json":
        with open(path, encoding="utf-8") as file:
            return kfp_unpack(json.load(file))
    if not os.path.isdir(path):
        return KfpStored(path, uri)
    with open(os.path.join(path, "collection.json"), encoding="utf-8") as file:
        index = json.load(file)
    items = [kfp_find(f"{uri}/{item}") for item in index["items"]]
    if index["kind"] == "dict":
        return dict(zip(kfp_unpack(index["keys"]), items))
    return tuple(items) if index["kind"] == "tuple" else items


def kfp_open(found):
    """What `kfp_find` has found, with everything in it loaded; files are private copies."""
    import os
    import pathlib
    import pickle
    import shutil
    import tempfile

    if isinstance(found, (list, tuple)):
        return type(found)(kfp_open(item) for item in found)
    if isinstance(found, dict):
        return {key: kfp_open(item) for key, item in found.items()}
    if not isinstance(found, KfpStored):
        return found
    name = os.path.basename(found.path)
    if os.path.basename(os.path.dirname(found.path)) == "file":
        if found.path != found.uri:  # KFP's launcher has made a copy for this task alone
            return pathlib.Path(found.path)
        copy = pathlib.Path(tempfile.mkdtemp(), name)
        (shutil.copytree if os.path.isdir(found.path) else shutil.copy2)(found.path, copy)
        return copy
    if name == "value.parquet":
        import pandas

        return pandas.read_parquet(found.path)
    if name == "value.npy":
        import numpy

        return numpy.load(found.path, allow_pickle=False)
    if name.startswith("value.codec-"):
        return kfp_codec(name[len("value.codec-") :]).load(found.path)
    with open(found.path, "rb") as file:
        return pickle.load(file)


def kfp_codec(name):
    """The codec "module:Class"."""
    import importlib

    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)()


def kfp_where(task, name):
    """Where an input artifact is."""
    return task["inputs"]["artifacts"][name]["artifacts"][0]["uri"]


def kfp_wheres(task, name):
    """Where the artifacts are that the iterations of a loop gave."""
    return [artifact["uri"] for artifact in task["inputs"]["artifacts"][name]["artifacts"]]


def kfp_input(task, name):
    """An input artifact, unopened."""
    return kfp_find(kfp_where(task, name))


def kfp_inputs(task, name):
    """The artifacts that the iterations of a loop gave, unopened."""
    return [kfp_find(uri) for uri in kfp_wheres(task, name)]


def kfp_store(task, key, value, write):
    """Store the output artifact `key` by means of `write`; returns its URI."""
    import os

    artifact = task["outputs"]["artifacts"][key]["artifacts"][0]
    base, n = artifact["uri"].rstrip("/"), 1
    uri = base
    while os.path.exists(kfp_path(uri)):  # kfp.local gives all calls of a component the same place
        n += 1
        uri = f"{base}-{n}"
    os.makedirs(kfp_path(uri))
    uri = f"{uri}/{write(value, kfp_path(uri))}".rstrip("/")
    task["results"]["artifacts"][key] = {"artifacts": [{"name": artifact.get("name", key), "uri": uri, "metadata": {}}]}
    return uri


def kfp_json(value, folder):
    """Write a plain value; returns where in `folder` it is, as all writers do."""
    import json

    with open(f"{folder}/value.json", "w", encoding="utf-8") as file:
        json.dump(kfp_pack(value, "the result"), file)
    return "value.json"


def kfp_pickle(value, folder):
    """Write any object."""
    import pickle

    if value is None:
        return kfp_json(value, folder)
    with open(f"{folder}/value.pkl", "wb") as file:
        pickle.dump(value, file)
    return "value.pkl"


def kfp_parquet(frame, folder):
    """Write a DataFrame as parquet, where that gives back exactly the same, else as a pickle."""
    import pandas

    if type(frame) is not pandas.DataFrame or frame.attrs or not all(type(name) is str for name in frame.columns):
        return kfp_pickle(frame, folder)
    kinds = [*frame.dtypes, frame.index.dtype]
    if not all(isinstance(kind, pandas.StringDtype) or getattr(kind, "str", "|O")[1] in "biuf" for kind in kinds):
        return kfp_pickle(frame, folder)
    try:
        frame.to_parquet(f"{folder}/value.parquet")
    except (ImportError, ValueError, NotImplementedError):
        return kfp_pickle(frame, folder)
    return "value.parquet"


def kfp_npy(array, folder):
    """Write an array as npy, where that can hold it, else as a pickle."""
    import numpy

    if type(array) is not numpy.ndarray or array.dtype.hasobject:
        return kfp_pickle(array, folder)
    numpy.save(f"{folder}/value.npy", array, allow_pickle=False)
    return "value.npy"


def kfp_file(path, folder):
    """Write a file or folder under its own name."""
    import os
    import shutil

    if path is None:
        return kfp_json(path, folder)
    source = os.path.abspath(path)
    os.makedirs(f"{folder}/file")
    name = f"file/{os.path.basename(source)}"
    (shutil.copytree if os.path.isdir(source) else shutil.copy2)(source, f"{folder}/{name}")
    return name


def kfp_collection(*writers):
    """A writer for a list, tuple or dict; the last of `writers` is for all further items."""

    def write(value, folder):
        import json
        import os

        if value is None:
            return kfp_json(value, folder)
        kind = "dict" if isinstance(value, dict) else "tuple" if isinstance(value, tuple) else "list"
        items, places = list(value.values() if kind == "dict" else value), []
        for i, item in enumerate(items):
            os.mkdir(f"{folder}/{i}")
            place = writers[min(i, len(writers) - 1)](item, f"{folder}/{i}")
            places.append(f"{i}/{place}".rstrip("/"))
        index = {"kind": kind, "items": places, "keys": kfp_pack(list(value), "a key") if kind == "dict" else []}
        with open(f"{folder}/collection.json", "w", encoding="utf-8") as file:
            json.dump(index, file)
        return ""

    return write


def kfp_found(found, folder):
    """Write what `kfp_find` has found, without opening it."""
    import os
    import shutil

    if isinstance(found, (list, tuple, dict)) and kfp_has_stored(found):
        return kfp_collection(kfp_found)(found, folder)
    if not isinstance(found, KfpStored):
        return kfp_json(found, folder)
    name = os.path.basename(found.path)
    if os.path.basename(os.path.dirname(found.path)) == "file":
        os.mkdir(f"{folder}/file")
        name = f"file/{name}"
    (shutil.copytree if os.path.isdir(found.path) else shutil.copy2)(found.path, f"{folder}/{name}")
    return name


def kfp_has_stored(found):
    """Whether something in `found` is stored on its own."""
    if isinstance(found, dict):
        found = list(found.values())
    return any(kfp_has_stored(item) for item in found) if isinstance(found, (list, tuple)) else isinstance(found, KfpStored)


def kfp_with(codec):
    """A writer for the codec "module:Class"."""

    def write(value, folder):
        kfp_codec(codec).save(value, f"{folder}/value.codec-{codec}")
        return f"value.codec-{codec}"

    return write


def kfp_result(task, key, text):
    """Hand out a parameter."""
    task["results"]["parameterValues"][key] = text


def kfp_save(task, key, value, hint):
    """Hand out `value` as a parameter."""
    text = kfp_text(value, hint)
    if len(text) > 65536:
        raise ValueError(f"{hint} has {len(text)} bytes, and the pipeline looks into it: at most 65536 can travel")
    kfp_result(task, key, text)


def kfp_truth(task, key, value):
    """Hand out whether `value` is true."""
    kfp_result(task, key, "true" if value else "false")


def kfp_items(task, key, value, hint):
    """Hand out the items that a loop runs over, as a list of parameters."""
    texts = [kfp_text(item, hint) for item in value]
    if sum(map(len, texts)) > 65536:
        raise ValueError(f"{hint} has {sum(map(len, texts))} bytes, and the pipeline loops over it: at most 65536 can travel")
    kfp_result(task, key, texts)


def kfp_uris(uri):
    """Where the items of a stored list are."""
    import json

    if uri.endswith("/value.json"):
        return []  # an empty list, merged with a list of artifacts
    with open(f"{kfp_path(uri)}/collection.json", encoding="utf-8") as file:
        return [f"{uri}/{item}" for item in json.load(file)["items"]]


def kfp_metrics(task, key, values):
    """Show numbers as metrics."""
    kfp_store(task, key, values, kfp_json)
    numbers = {str(name): value for name, value in kfp_pack(values, key).items() if type(value) in (int, float)}
    task["results"]["artifacts"][key]["artifacts"][0]["metadata"] = numbers


def kfp_main(component):
    """Run `component` as KFP's launcher wants it: request on the command line, results into a file."""
    import json
    import os
    import sys
    import tempfile

    getattr(sys, "set_int_max_str_digits", int)(0)
    task = {**json.loads(sys.argv[1]), "results": {"parameterValues": {}, "artifacts": {}}}
    start = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # every attempt starts in an empty folder
        try:
            component(task)
        except SystemExit as error:
            raise RuntimeError(f"the step ended its process, with status {error.code!r}") from error
        finally:
            os.chdir(start)
    output = task["outputs"]["outputFile"]
    os.makedirs(os.path.dirname(output), exist_ok=True)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(task["results"], file)
