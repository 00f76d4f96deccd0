from kfp import compiler, dsl


def flip_op():
    """Heads or tails."""
    return dsl.ContainerOp(
        name="Flip coin",
        image="python:alpine3.6",
        command=["sh", "-c"],
        arguments=["python -c 'print(\"heads\")' | tee /tmp/output"],
        file_outputs={"output": "/tmp/output"},
    )


def print_op(msg, times=1):
    return dsl.ContainerOp(
        name="Print", image="alpine:3.6", command=["echo"], arguments=["--times", times, "says: %s" % msg]
    )


def notify_op(url):
    return dsl.ContainerOp("notify", "curlimages/curl:8.9.0", arguments=["-X", "POST", url])


def flips(url="https://example.com", limit: int = 5):
    with dsl.ExitHandler(notify_op(url)):
        flip = flip_op()
        with dsl.Condition(flip.output == "heads"):
            second = flip_op()
            print_op(second.outputs["output"]).after(second)
        with dsl.Condition(flip.output == "tails"):
            print_op("tails", times=limit)
        with dsl.ParallelFor(["a", "b"]) as letter:
            print_op(letter).set_retry(2)


if __name__ == "__main__":
    compiler.Compiler().compile(flips, __file__ + ".yaml")
