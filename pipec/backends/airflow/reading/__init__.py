"""Existing DAG files as plain pipec modules, read statically.

`interpret` follows the module's statements over constants, without running any of them; what it finds are DAGs in
Airflow's own words (`values.Dag`, `values.Task`); `plan` decides what becomes of each task, and `lift` writes steps and
pipelines.
"""

from pipec.backends.airflow.reading.reader import AirflowReader

__all__ = ["AirflowReader"]
