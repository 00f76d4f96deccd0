"""What containers that know nothing of pipec take and give. See `values.py` about helpers."""


def kfp_plain(value, hint):
    """`value` as a container takes it on its command line: a `str` as it is, anything else as JSON."""
    import json
    import re

    if not isinstance(value, str):
        text = json.dumps(value, allow_nan=False).replace("{{", "{\\u007b")
        text = re.sub(r"\$(?=[$(])", r"\\u0024", text)
    elif re.search(r"\{\{|\$[$(]", value):
        raise ValueError(f"{hint} is {value!r}: KFP or Kubernetes would replace `{{{{`, `$(` or a double `$` in a command line")
    else:
        text = value
    if len(text) > 65536:
        raise ValueError(f"{hint} has {len(text)} bytes: at most 65536 can travel on a command line")
    return text


def kfp_setting(value, hint):
    """`value` as the server takes it for a setting; of `None` it takes nothing, and the task does not start."""
    return "" if value is None else kfp_plain(value, hint)


def kfp_word(value, hint):
    """`value` as text for a component of Kubeflow's own, which has no `None`."""
    if value is None:
        raise TypeError(f"{hint} is None, which only a call can leave out")
    return kfp_plain(value, hint)


def kfp_typed(value, kind, hint):
    """`value` with a type of Kubeflow's own, which is no text; all its numbers are doubles."""
    import json
    import re

    kinds = {"NUMBER_INTEGER": int, "NUMBER_DOUBLE": (int, float), "BOOLEAN": bool, "LIST": (list, tuple), "STRUCT": dict}
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "BOOLEAN"):
        raise TypeError(f"{hint} is {value!r}, which is no {kind} of Kubeflow")
    text = json.dumps(value, allow_nan=False)
    if re.search(r"\{\{|\$[$(]", text):
        raise ValueError(f"{hint} is {value!r}: KFP or Kubernetes would replace `{{{{`, `$(` or a double `$` in it")
    if len(text) > 65536:
        raise ValueError(f"{hint} has {len(text)} bytes: at most 65536 can travel to a component")

    def whole(digits):
        if float(digits) != int(digits):
            raise ValueError(f"{hint} has {digits} in it: Kubeflow's numbers are doubles, which hold no such integer")
        return int(digits)

    return json.loads(text, parse_int=whole)


def kfp_foreign(task, name):
    """A file or folder that such a container has made, unopened, where a file of pipec's would be."""
    import os
    import tempfile

    path = os.path.abspath(kfp_path(kfp_where(task, name).rstrip("/")))
    folder = os.path.join(tempfile.mkdtemp(), "file")
    os.mkdir(folder)
    link = os.path.join(folder, os.path.basename(path))
    os.symlink(path, link)
    return KfpStored(link, link)
