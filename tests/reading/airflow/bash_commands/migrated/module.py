"""Shell commands, with and without templates."""

import os
import subprocess

from pipec import Cron, native, parallel, pipeline, run, step


def bash(command: str, env: dict[str, str] | None = None) -> str:
    """Run a shell command, show what it prints, and give back the last line of it."""
    last = ""
    with subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="")
            last = line.rstrip()
    if process.returncode != 0:
        raise RuntimeError(f"the command has ended with status {process.returncode}")
    return last


@step
def hello() -> str:
    return bash("echo hello")


@step
def dated(table: str, date: str) -> str:
    return bash(f"echo \"{table} of {date} {{not a parameter}}\"")


@step
def quiet(table: str) -> str:
    return bash("echo $MODE", env={**os.environ, "MODE": table})


@step
def told(hello: str) -> str:
    return bash(f"echo got {hello}")


# PC503: its command has templates that have no counterpart
macro = native(
    "airflow",
    'BashOperator(task_id="macro", bash_command="echo {{ macros.ds_add(ds, 7) }}")',
    imports=["from airflow.providers.standard.operators.bash import BashOperator"],
)


@pipeline(schedule=Cron("30 2 * * 1-5", timezone="Europe/Berlin"))
def bash_commands(table: str = "orders"):
    hello_result = hello()
    with parallel():
        dated(table, run.date)
        quiet(table)
    told(str(hello_result))
    macro()
