import os
from pathlib import Path

import kfp
from kfp import dsl
from kfp.components import load_component_from_file

HERE = os.path.dirname(os.path.abspath(__file__))
download = load_component_from_file(os.path.join(HERE, os.path.curdir, "download.yaml"))
add = kfp.components.load_component_from_file(str(Path(__file__).parent / "add.yaml"))


@dsl.pipeline(name="from-files")
def from_files(url: str = "https://example.com"):
    got = download(url=url)
    added = add(a=1, b=2)
    add(a=added.output, b=3).after(got)
