def caught_sensor(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a sensor end well when it fails: it gives the message."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        # region guarded
        except AirflowSkipException:
            raise
        # endregion
        except Exception as error:
            logging.getLogger("airflow.task").exception("the sensor has failed")
            # region plain
            return PokeReturnValue(is_done=True, xcom_value=sent(str(error)))
            # region artifacts
            return PokeReturnValue(is_done=True, xcom_value=sent(str(error), "value", "error"))
            # endregion

    return run
