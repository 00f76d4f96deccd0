def arrived(uri: str) -> bool:
    """Look whether something is at `uri`. Once the time of the sensor is over, fail with a message that names it."""
    if ObjectStoragePath(uri).exists():
        return True
    context = get_current_context()
    limit = context["task"].timeout
    # region airflow 3
    start = context["ti"].get_first_reschedule_date(context) or context["ti"].start_date
    # region airflow 2
    with create_session() as session:
        first = session.scalars(TaskReschedule.stmt_for_task_instance(context["ti"]).limit(1)).first()
        start = first.start_date if first else context["ti"].start_date
    # endregion
    # a second before the sensor itself gives up, which does not tell what it has waited for
    if (pendulum.now("UTC") - start).total_seconds() + 1 >= limit:
        raise AirflowFailException(f"{uri} is not there after {limit:g} seconds")
    return False
