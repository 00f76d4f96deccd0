"""Migrated from the compiled pipeline "from-files"."""

from pathlib import Path

from pipec import container, parallel, pipeline

add = container(
    "alpine:3.20",
    ["sh", "-c", 'echo $(($0 + $1)) > "$2"'],
    ["{a}", "{b}", "{Output}"],
    inputs={"a": int, "b": int | None},
    outputs={"Output": int},
    cache=True,
)

download = container(
    "curlimages/curl:8.9.0",
    [
        "sh",
        "-exc",
        'mkdir -p "$(dirname "$1")"\ncurl $2 --get "$0" --output "$1"\n',
        "{url}",
        "{data}",
        "{curl_options}",
    ],
    inputs={"url": str, "curl_options": str | None},
    outputs={"data": Path},
    cache=True,
)


@pipeline(name="from-files")
def from_files(url: str = "https://example.com"):
    added = add(a=1, b=2)
    got = download(url=url, curl_options="--location")
    with parallel(after=got):
        add_2 = add(a=added, b=3)
