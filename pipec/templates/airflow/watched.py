def watched(limit: timedelta, tell: Callable[[str], Any] | None = None) -> Callable[..., Any]:
    """Warn once an attempt has taken longer than `limit`, tell somebody, and let it go on."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            ti = get_current_context()["ti"]
            message = f"{ti.dag_id}.{ti.task_id} is still running after {limit} (run {ti.run_id})"

            def late() -> None:
                logging.getLogger("airflow.task").warning(message)
                if tell is not None:
                    tell(message)

            timer = threading.Timer(limit.total_seconds(), late)
            timer.daemon = True
            timer.start()
            try:
                return function(*args, **kwargs)
            finally:
                timer.cancel()
                timer.join(30)  # let a message out that is under way, and wait for no longer

        return run

    return decorate
