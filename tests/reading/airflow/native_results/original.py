"""Operators that take what other operators hand on."""

from airflow.sdk import DAG, BaseOperator, Label, task
from airflow.providers.standard.operators.bash import BashOperator


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


@task
def where(ti=None):
    return [ti.map_index]


@task
def each(n, ti=None):
    return n + ti.map_index


@task
def shown(total):
    print(total)


with DAG("native_results", schedule=None, catchup=False) as dag:
    numbers = Numbers(task_id="numbers", count=3)
    total = Total(task_id="total", values=numbers.output)
    echoed = BashOperator.partial(task_id="echoed").expand(bash_command=["echo 1", "echo 2"])
    shown(total.output)
    mapped = each.expand(n=where())
    total >> Label("then") >> echoed
