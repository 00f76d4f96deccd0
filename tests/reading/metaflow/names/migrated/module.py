from pipec import parallel, pipeline, run, step


def load(n):
    return list(range(n))


def total(values):
    return sum(values)


@step
def start() -> tuple[object, str, object, list[int], list[int]]:
    self_max = max(1, 2)
    run = "a run"
    load_result = load(3)
    df = [1, 2]
    list = [4, 5]
    return self_max, run, load_result, df, list


@step
def names_load(df: list[int], self_list: list[int]) -> tuple[object, object, object]:
    df = df + [3]
    self_total = total(df)
    lists = [list(x) for x in ([1], [2])]
    x = [x for x in self_list]
    return self_total, lists, x


@step
def names_filter(self_x, max) -> tuple[object, object]:
    f = lambda x: x + self_x[0]  # noqa: E731
    y = f(1)
    parallel = [max] * 2
    return y, parallel


@step
def end(run: str, y, total):
    print(run, y, total)


@pipeline
def names():
    """Names that mean something else in plain Python or in the module."""
    start_max, start_run, load_result, df, start_list = start()
    total, lists, x = names_load(df, start_list)
    y, filter_parallel = names_filter(x, start_max)
    end(start_run, y, total)
    return {
        "max": start_max,
        "run": start_run,
        "load_result": load_result,
        "df": df,
        "list": start_list,
        "total": total,
        "lists": lists,
        "x": x,
        "y": y,
        "parallel": filter_parallel,
    }
