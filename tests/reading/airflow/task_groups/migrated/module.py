"""Groups of tasks, and edges between them."""

from pipec import pipeline, step


def load(name: str) -> str:
    return name


def clean(text: str) -> str:
    return text.strip()


@step
def train(left: str, right: str):
    print(left, right)


@step
def start() -> None:
    """Nothing: other steps wait for it."""


@step(targets={"airflow": {"task_id": "left.load"}})
def left_load(name) -> str:
    return load(name)


@step(targets={"airflow": {"task_id": "left.clean"}})
def left_clean(text) -> str:
    return clean(text)


@step(targets={"airflow": {"task_id": "right.load"}})
def right_load(name) -> str:
    return load(name)


@step(targets={"airflow": {"task_id": "right.clean"}})
def right_clean(text) -> str:
    return clean(text)


@step
def end() -> None:
    """Nothing: other steps wait for it."""


@pipeline
def task_groups():
    start()
    left_load_result = left_load("left ")
    left = left_clean(left_load_result)
    right_load_result = right_load("right ")
    right = right_clean(right_load_result)
    train(left, right)
    end()
