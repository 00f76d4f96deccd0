def caught(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Let a task end well when its last attempt fails: it gives the message as "error", and no results.

    Attempts before the last fail as usual, so that Airflow retries them.
    """
    if function is None:
        return functools.partial(caught, **options)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        ti = get_current_context()["ti"]
        outputs: dict[str, Any] = {}
        message = None
        try:
            # region several
            result = function(*args, **kwargs)
            outputs = result if options.get("several") else {"result": result}
            # region single
            outputs = {"result": function(*args, **kwargs)}
        # region guarded
        except AirflowSkipException:
            raise
        # endregion
        except (Exception, AirflowTaskTimeout) as error:
            if ti.try_number <= ti.max_tries:
                raise
            logging.getLogger("airflow.task").exception("the last attempt of %s has failed", ti.task_id)
            # region steps
            message = message_of(error, options.get("step", function.__name__))
            # region no steps
            message = str(error)
        # region plain
        return {**outputs, "error": sent(message)}
        # region artifacts
        return {**outputs, "error": sent(message, "value", "error")}
        # endregion

    return run
# region steps


def message_of(error: BaseException, step: str) -> str:
    """Say why a step has failed."""
    # region limits
    if isinstance(error, AirflowTaskTimeout):  # its own message has the number of the process in it
        limit = get_current_context()["task"].execution_timeout.total_seconds()
        return f"step {step!r} took longer than its time limit of {limit:g} s"
    # region steps
    left = error.__cause__
    if isinstance(error, RuntimeError) and isinstance(left, SystemExit):
        return f"step {step!r} called sys.exit({left.code!r})"
    return str(error)
# endregion
