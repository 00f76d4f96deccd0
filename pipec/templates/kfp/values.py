"""Parameters: values as exact text, and back. Each program gets the helpers that it calls, and what they call.

Every helper imports what it uses itself, so that nothing here can clash with the step's own names.
"""


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

    text = json.dumps(kfp_pack(value, hint)).replace("{{", "{\\u007b")
    return text.replace("$(", "\\u0024(").replace("$" * 2, "\\u0024" * 2)


def kfp_unpack(data):
    """The value that `kfp_pack` has packed."""
    import base64
    import json
    import zlib

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
    if tag == "$zlib":
        return kfp_unpack(json.loads(zlib.decompress(base64.b64decode(data[tag]))))
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


def kfp_result(task, key, text):
    """Hand out a parameter."""
    task["results"]["parameterValues"][key] = text


def kfp_save(task, key, value, hint):
    """Hand out `value` as a parameter."""
    text = kfp_text(value, hint)
    if len(text) > 65536:
        raise ValueError(f"{hint} has {len(text)} bytes, and the pipeline looks into it: at most 65536 can travel")
    kfp_result(task, key, kfp_short(text))


def kfp_share(task, key, value, hint):
    """Hand out `value` as a parameter. The server mounts the workspace where it sees its path in one."""
    text = kfp_text(value, hint)
    if len(text) > 65536:
        raise ValueError(f"{hint} has {len(text)} bytes: at most 65536 can travel where there is a workspace")
    short, path = kfp_short(text), "/kfp-workspace"
    if path in text and path not in short:  # of two equal keys Python's JSON takes the last one
        short = short.replace('{"$zlib":', '{"$zlib": "' + path + '", "$zlib":', 1)
    kfp_result(task, key, short)


def kfp_short(text):
    """Long `text` compressed: all parameters of a task go into one argument, which Linux bounds to 128 KiB."""
    import base64
    import json
    import zlib

    if len(text) < 4096:
        return text
    return json.dumps({"$zlib": base64.b64encode(zlib.compress(text.encode(), 9)).decode()})


def kfp_truth(task, key, value):
    """Hand out whether `value` is true."""
    kfp_result(task, key, "true" if value else "false")


def kfp_items(task, key, value, hint):
    """Hand out the items that a loop runs over, as a list of parameters."""
    texts = [kfp_text(item, hint) for item in value]
    size = sum(map(len, texts))
    if size > 65536:
        raise ValueError(f"{hint} has {size} bytes, and the pipeline loops over it: at most 65536 can travel")
    kfp_result(task, key, texts)


def kfp_main(component):
    """Run `component` as KFP's launcher wants it: request on the command line, results into a file."""
    import json
    import os
    import sys
    import tempfile

    getattr(sys, "set_int_max_str_digits", int)(0)
    program, request = os.path.abspath(sys.argv[0]), sys.argv[1]
    task = {**json.loads(request), "results": {"parameterValues": {}, "artifacts": {}}}
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
    open(os.path.join(os.path.dirname(program), "done"), "w").close()
