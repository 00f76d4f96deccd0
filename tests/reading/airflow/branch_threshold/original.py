"""Train, and deploy only what is good enough."""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator
from airflow.sdk import DAG


def evaluate() -> float:
    return 0.9


def choose(ti):
    accuracy = ti.xcom_pull(task_ids="evaluate")
    if accuracy > 0.8:
        return "deploy"
    return "notify"


def deploy() -> str:
    return "deployed"


def notify() -> str:
    return "not good enough"


with DAG("branch_threshold", schedule=None, catchup=False) as dag:
    evaluated = PythonOperator(task_id="evaluate", python_callable=evaluate)
    choice = BranchPythonOperator(task_id="choose", python_callable=choose)
    deployed = PythonOperator(task_id="deploy", python_callable=deploy)
    notified = PythonOperator(task_id="notify", python_callable=notify)
    end = EmptyOperator(task_id="end", trigger_rule="none_failed_min_one_success")

    evaluated >> choice >> [deployed, notified] >> end
