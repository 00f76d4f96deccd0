"""Containers on Kubernetes."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import models as k8s

with DAG("pods", start_date=datetime(2024, 1, 1), schedule="@weekly", catchup=False) as dag:
    prepare = KubernetesPodOperator(
        task_id="prepare",
        name="prepare",
        image="registry.example.com/prepare:1.2",
        cmds=["python", "-m", "prepare"],
        arguments=["--date", "{{ ds }}"],
        env_vars={"MODE": "fast"},
        retries=2,
    )
    train = KubernetesPodOperator(
        task_id="train",
        image="registry.example.com/train:1.2",
        cmds=["python", "train.py"],
        arguments=["--epochs", "3"],
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "2", "memory": "8Gi"}, limits={"memory": "16Gi", "nvidia.com/gpu": "1"}
        ),
        execution_timeout=timedelta(hours=4),
    )
    prepare >> train
