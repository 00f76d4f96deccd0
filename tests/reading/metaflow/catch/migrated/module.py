from types import SimpleNamespace

from pipec import parallel, pipeline, step


@step
def start() -> list[int]:
    divisors = [2, 0, 5]
    return divisors


# PC505: `print_exception` of `divide` is not kept: what has failed is always shown
# PC507: `divide` does not do quite the same: `failure` is the message of the exception, and what it has set before it
# fails is not kept
@step
def divide(divisor: int):
    result = 100 // divisor
    return result


@step
def join(all_result, all_failure) -> tuple[object, int]:
    inputs = [
        SimpleNamespace(result=result, failure=failure)
        for result, failure in zip(all_result, all_failure)
    ]
    results = [i.result for i in inputs if not i.failure]
    failures = len([i for i in inputs if i.failure])
    return results, failures


# PC505: `print_exception` of `risky` is not kept: what has failed is always shown
# PC507: `risky` does not do quite the same: what it has set before it fails is not kept
@step
def risky() -> int:
    extra = 1
    raise ValueError("always")
    return extra


@step
def end(results, failures: int):
    print(results, failures)


@pipeline
def catch():
    divisors = start()
    results = []
    failures = []
    for divisor in divisors:
        failure = None
        result = None
        try:
            result = divide(divisor)
        except Exception as error:
            failure = str(error)
        results.append(result)
        failures.append(failure)
    results, failures = join(results, failures)
    with parallel(after=(results,)):
        extra = None
        try:
            extra = risky()
        except Exception:
            pass
    end(results, failures)
    return {"results": results, "failures": failures, "extra": extra}
