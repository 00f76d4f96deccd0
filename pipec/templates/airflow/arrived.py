def arrived(uri: str) -> bool:
    """Look whether something is at `uri`. Once the time of the sensor is over, fail with a message that names it."""
    if ObjectStoragePath(uri).exists():
        return True
    context = get_current_context()
    limit = context["task"].timeout
    start = context["ti"].get_first_reschedule_date(context) or context["ti"].start_date
    # a second before the sensor itself gives up, which does not tell what it has waited for
    if (pendulum.now("UTC") - start).total_seconds() + 1 >= limit:
        raise AirflowFailException(f"{uri} is not there after {limit:g} seconds")
    return False
