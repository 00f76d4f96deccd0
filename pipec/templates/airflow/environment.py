def with_environment(variables: dict[str, str]) -> Callable[..., Any]:
    """Set environment variables while a task runs."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            before = dict(os.environ)
            os.environ.update(variables)
            try:
                return function(*args, **kwargs)
            finally:
                os.environ.clear()
                os.environ.update(before)

        return run

    return decorate
