"""Artifacts that go out, in the form that the annotation asks for. See `values.py` about helpers."""


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


def kfp_none(folder):
    """Write `None`, which may stand in the place of any artifact."""
    with open(f"{folder}/value.json", "w", encoding="utf-8") as file:
        file.write("null")
    return "value.json"


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
        return kfp_none(folder)
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
        return kfp_none(folder)
    source = os.path.abspath(path)
    os.makedirs(f"{folder}/file")
    name = f"file/{os.path.basename(source)}"
    (shutil.copytree if os.path.isdir(source) else shutil.copy2)(source, f"{folder}/{name}")
    for place, folders, files in os.walk(f"{folder}/{name}"):
        if not folders and not files:
            open(f"{place}/.kfp-empty", "w").close()  # object stores keep no empty folders
    return name


def kfp_collection(*writers):
    """A writer for a list, tuple or dict; the last of `writers` is for all further items."""

    def write(value, folder):
        import json
        import os

        if value is None:
            return kfp_none(folder)
        if isinstance(value, (str, int, float, set, frozenset)):
            return kfp_json(value, folder)  # a value that a branch gives instead
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
    if isinstance(found, (list, tuple)):
        return any(kfp_has_stored(item) for item in found)
    return isinstance(found, KfpStored)


def kfp_with(codec):
    """A writer for the codec "module:Class"."""

    def write(value, folder):
        kfp_codec(codec).save(value, f"{folder}/value.codec-{codec}")
        return f"value.codec-{codec}"

    return write


def kfp_metrics(task, key, values):
    """Show numbers as metrics."""
    kfp_store(task, key, values, kfp_json)
    given = kfp_pack(values, key) if isinstance(values, dict) else {}
    numbers = {str(name): value for name, value in given.items() if type(value) in (int, float)}
    task["results"]["artifacts"][key]["artifacts"][0]["metadata"] = numbers


def kfp_classification(task, key, metrics, hint):
    """Show a confusion matrix and a ROC curve: the metadata of the artifact `key`, as the SDK's class has it."""
    found = kfp_pack(metrics, hint)
    if found is None:
        return
    if not isinstance(metrics, dict):
        raise TypeError(f"{hint}: a {type(metrics).__name__}, and ClassificationMetrics is a dict")
    shapes = {
        "confusionMatrix": {"annotationSpecs": [{"displayName": "name"}], "rows": [{"row": [1]}]},
        "confidenceMetrics": [{"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}],
    }
    for name, example in shapes.items():
        if name in found and not kfp_like(found[name], example):
            raise TypeError(f"{hint}: ClassificationMetrics whose {name!r} is not like {example}")
    matrix = found.get("confusionMatrix", {"annotationSpecs": [], "rows": []})
    size = len(matrix["annotationSpecs"])
    if [len(row["row"]) for row in matrix["rows"]] != [size] * size:
        raise TypeError(f"{hint}: a 'confusionMatrix' that has not {size} rows of {size} numbers")
    task["results"]["artifacts"][key]["artifacts"][0]["metadata"] = found


def kfp_like(value, example):
    """Whether `value` has the shape of `example`; numbers that are not finite are none here."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(key in value and kfp_like(value[key], example[key]) for key in example)
    if isinstance(example, list):
        return isinstance(value, list) and all(kfp_like(item, example[0]) for item in value)
    return isinstance(value, str) if isinstance(example, str) else type(value) in (int, float)
