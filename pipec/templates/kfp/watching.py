"""What says that a step takes long. See `values.py` about helpers."""


def kfp_watched(step, seconds, tell=None):
    """Say once that an attempt takes longer than so many seconds, and let it go on."""
    import contextlib
    import datetime
    import platform
    import sys
    import threading

    message = f"step {step} is still running after {datetime.timedelta(seconds=seconds)} (pod {platform.node()})"

    def late():
        print(message, file=sys.stderr, flush=True)
        if tell is not None:
            tell(message)

    @contextlib.contextmanager
    def watched():
        timer = threading.Timer(seconds, late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join(30)  # let a message out that is under way, and wait for no longer

    return watched()
