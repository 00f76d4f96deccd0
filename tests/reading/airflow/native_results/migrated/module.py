"""Operators that take what other operators hand on."""

from airflow.sdk import BaseOperator
from pipec import native, parallel, pipeline, step


class Numbers(BaseOperator):
    """Some numbers."""

    def __init__(self, count: int, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def execute(self, context):
        return list(range(self.count))


class Total(BaseOperator):
    """Their sum."""

    template_fields = ("values",)

    def __init__(self, values, **kwargs):
        super().__init__(**kwargs)
        self.values = values

    def execute(self, context):
        return sum(self.values)


def where(ti=None):
    return [ti.map_index]


def each(n, ti=None):
    return n + ti.map_index


@step
def shown(total):
    print(total)


# PC503: `Numbers` has no counterpart
numbers = native("airflow", 'Numbers(task_id="numbers", count=3)')

# PC503: `Total` has no counterpart
total = native("airflow", 'Total(task_id="total", values=numbers.output)')

# PC503: its command is not known before it runs
echoed = native(
    "airflow",
    'BashOperator.partial(task_id="echoed").expand(bash_command=["echo 1", "echo 2"])',
    imports=["from airflow.providers.standard.operators.bash import BashOperator"],
)

# PC503: it uses `ti` of Airflow in a way that has no counterpart
where_task = native(
    "airflow",
    'PythonOperator(task_id="where", python_callable=where)',
    imports=["from airflow.providers.standard.operators.python import PythonOperator"],
)

# PC503: it uses `ti` of Airflow in a way that has no counterpart
each_task = native(
    "airflow",
    'task(task_id="each")(each).expand(n=where_task.output)',
    imports=["from airflow.sdk import task"],
)


@pipeline
def native_results():
    with parallel():
        numbers_done = numbers()
        with parallel(after=numbers_done):
            total_result = total()
        with parallel(after=total_result):
            echoed()
        shown(total_result)
        where_done = where_task()
        with parallel(after=where_done):
            each_task()
