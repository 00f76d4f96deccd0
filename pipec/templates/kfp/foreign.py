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
