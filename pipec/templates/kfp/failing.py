"""What fails and what is caught, attempts, and waiting. See `values.py` about helpers."""


def kfp_attempt():
    """The attempt of the step, from 1; servers before 2.17 do not tell it."""
    import os

    return int(os.environ.get("KFP_RETRY_INDEX", 0)) + 1


def kfp_catch(task, failure, step, key, retries):
    """A step in a `try` has failed: after the last attempt hand out the message, and `None` in place of the results."""
    import os
    import traceback

    if int(os.environ.get("KFP_RETRY_INDEX", retries)) < retries:
        raise failure
    traceback.print_exception(type(failure), failure, failure.__traceback__)
    message = f"step {step!r} called sys.exit({failure.code!r})" if isinstance(failure, SystemExit) else str(failure)
    outputs = task["outputs"]
    places = {name: kfp_store(task, name, None, kfp_json) for name in outputs.get("artifacts", {})}
    for name in outputs.get("parameters", {}):
        value, _, form = name.partition("-")
        nothing = {"true": "false", "none": "false", "items": [], "uri": places.get(value)}
        kfp_result(task, name, nothing.get(form, "null"))
    kfp_save(task, key, message, "the message")


def kfp_has_failed(task, name):
    """Whether the task whose final status comes in has failed; of one that was killed the server says that it runs."""
    state = task["inputs"]["parameterValues"][name]["state"]
    return state not in ("COMPLETE", "SUCCEEDED", "CACHED", "CANCELED")


def kfp_limited(step, seconds):
    """A time limit that can be caught: the pod's own one ends the process."""
    import contextlib
    import signal

    @contextlib.contextmanager
    def limited():
        def expired(number, frame):
            raise TimeoutError(f"step {step!r} took longer than its time limit of {seconds:g} s")

        signal.signal(signal.SIGALRM, expired)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    return limited()


def kfp_wait(uri, every, timeout=None):
    """Wait until `uri` exists, at first looking more often; other places than local files need fsspec in the image."""
    import os
    import time

    path, pause, start = uri.removeprefix("file://"), 1, time.monotonic()
    while True:
        if "://" in path:
            import fsspec

            filesystem, name = fsspec.url_to_fs(path)
            there = filesystem.exists(name)
        else:
            there = os.path.exists(path)
        if there:
            return
        if timeout is not None and time.monotonic() - start >= timeout:
            raise TimeoutError(f"{uri} is not there after {timeout:g} seconds")
        time.sleep(min(pause, every))
        pause *= 2
