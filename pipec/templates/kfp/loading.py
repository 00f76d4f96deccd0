"""Artifacts that come in: where they are, and what is in them. See `values.py` about helpers."""


class KfpStored:
    """A stored object or file that nobody has opened yet."""

    def __init__(self, path, uri):
        self.path, self.uri = path, uri


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
        copy = pathlib.Path(found.path)
        if found.path == found.uri:  # else KFP's launcher has made a copy for this task alone
            copy = pathlib.Path(tempfile.mkdtemp(), name)
            (shutil.copytree if os.path.isdir(found.path) else shutil.copy2)(found.path, copy)
        for mark in copy.rglob(".kfp-empty"):
            mark.unlink()
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


def kfp_uris(uri):
    """Where the items of a stored list are."""
    import json

    if uri.endswith("/value.json"):
        return []  # an empty list, merged with a list of artifacts
    with open(f"{kfp_path(uri)}/collection.json", encoding="utf-8") as file:
        return [f"{uri}/{item}" for item in json.load(file)["items"]]
