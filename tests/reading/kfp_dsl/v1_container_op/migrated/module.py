"""Migrated from the compiled pipeline "flips"."""

from pipec import container, pipeline

flip_coin = container(
    "python:alpine3.6",
    ["sh", "-c"],
    ['python -c \'print("heads")\' | tee {output}'],
    outputs={"output": str},
    cache=True,
)

print = container(
    "alpine:3.6",
    ["echo"],
    ["--times", "1", "says: {flip_coin_2_output}"],
    inputs={"flip_coin_2_output": str},
    cache=True,
)

print_2 = container("alpine:3.6", ["echo"], ["--times", "{limit}", "says: tails"], inputs={"limit": int}, cache=True)

print_3 = container(
    "alpine:3.6",
    ["echo"],
    ["--times", "1", "says: {loop_item_param_4}"],
    inputs={"loop_item_param_4": str},
    retries=2,
    cache=True,
)

notify = container("curlimages/curl:8.9.0", [], ["-X", "POST", "{url}"], inputs={"url": str}, cache=True)


@pipeline
def flips(url: str = "https://example.com", limit: int = 5):
    try:
        flip = flip_coin()
        if flip == "heads":
            second = flip_coin()
            print_done = print(second)
        if flip == "tails":
            print_2_done = print_2(limit)
        for letter in ["a", "b"]:
            print_3_done = print_3(letter)
    finally:
        notify_done = notify(url)
