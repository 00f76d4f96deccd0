def cached(version: str, ttl: timedelta | None = None, ignore: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Reuse the result of an earlier run with equal inputs and the same `version` of the code."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            given = inspect.signature(function).bind(*args, **kwargs).arguments
            inputs = {name: content(value) for name, value in given.items() if name not in ignore}
            text = json.dumps([version, inputs], sort_keys=True)
            entry = CACHE / function.__name__ / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
            if entry.exists():
                found = json.loads(entry.read_text())
                if ttl is None or time.time() - found["time"] < ttl.total_seconds():
                    log.info("Result reused from %s", entry)
                    return from_cache(found["result"])
            result = function(*args, **kwargs)
            entry.parent.mkdir(parents=True, exist_ok=True)
            draft = entry.parent / f"{entry.name}.{uuid4().hex}"
            draft.write_text(json.dumps({"time": time.time(), "result": to_cache(result)}))
            draft.rename(entry)
            return result

        return run

    return decorate
