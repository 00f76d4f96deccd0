"""The imports that a DAG file needs for what pipec writes into it."""

from __future__ import annotations

import ast
import io
import re
import tokenize

IMPORTS: dict[str, str] = {
    "AIRFLOW_HOME": "from airflow.configuration import AIRFLOW_HOME",
    "AirflowFailException": "from airflow.sdk.exceptions import AirflowFailException",
    "AirflowSkipException": "from airflow.sdk.exceptions import AirflowSkipException",
    "AirflowTaskTimeout": "from airflow.sdk.exceptions import AirflowTaskTimeout",
    "Any": "from typing import Any",
    "Asset": "from airflow.sdk import Asset",
    "Callable": "from collections.abc import Callable",
    "CronTriggerTimetable": "from airflow.timetables.trigger import CronTriggerTimetable",
    "DAG": "from airflow.sdk import DAG",
    "DecoratedOperator": "from airflow.sdk.bases.decorator import DecoratedOperator",
    "DeltaTriggerTimetable": "from airflow.timetables.trigger import DeltaTriggerTimetable",
    "DeviceRequest": "from docker.types import DeviceRequest",
    "DockerOperator": "from airflow.providers.docker.operators.docker import DockerOperator",
    "EmptyOperator": "from airflow.providers.standard.operators.empty import EmptyOperator",
    "Generator": "from collections.abc import Generator",
    "KubernetesPodOperator": "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator",
    "ObjectStoragePath": "from airflow.sdk import ObjectStoragePath",
    "Param": "from airflow.sdk import Param",
    "Path": "from pathlib import Path",
    "PokeReturnValue": "from airflow.sdk import PokeReturnValue",
    "Secret": "from airflow.providers.cncf.kubernetes.secret import Secret",
    "Sequence": "from collections.abc import Sequence",
    "TYPE_CHECKING": "from typing import TYPE_CHECKING",
    "TaskReschedule": "from airflow.models.taskreschedule import TaskReschedule",
    "TaskGroup": "from airflow.sdk import TaskGroup",
    "base64": "import base64",
    "conf": "from airflow.configuration import conf",
    "contextlib": "import contextlib",
    "create_session": "from airflow.utils.session import create_session",
    "fcntl": "import fcntl",
    "functools": "import functools",
    "get_current_context": "from airflow.sdk import get_current_context",
    "hashlib": "import hashlib",
    "inspect": "import inspect",
    "io": "import io",
    "json": "import json",
    "k8s": "from kubernetes.client import models as k8s",
    "literal": "from airflow.sdk import literal",
    "logging": "import logging",
    "os": "import os",
    "pendulum": "import pendulum",
    "pickle": "import pickle",
    "prepare_virtualenv": "from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv",
    "re": "import re",
    "shutil": "import shutil",
    "subprocess": "import subprocess",
    "sys": "import sys",
    "task": "from airflow.sdk import task",
    "task_decorator_factory": "from airflow.sdk.bases.decorator import task_decorator_factory",
    "task_group": "from airflow.sdk import task_group",
    "tempfile": "import tempfile",
    "traceback": "import traceback",
    "types": "import types",
    "time": "import time",
    "threading": "import threading",
    "timedelta": "from datetime import timedelta",
    "uuid4": "from uuid import uuid4",
    "zlib": "import zlib",
}
"""Name in the text of a file -> the import that it needs."""

BEFORE_3_2 = {
    name: f"from airflow.exceptions import {name}"
    for name in ("AirflowFailException", "AirflowSkipException", "AirflowTaskTimeout")
}
BEFORE_3 = {
    **{
        name: f"from airflow.providers.common.compat.sdk import {name}"
        for name in (
            "AirflowFailException", "AirflowSkipException", "AirflowTaskTimeout", "Asset", "DAG", "ObjectStoragePath",
            "Param", "PokeReturnValue", "TaskGroup", "get_current_context", "literal", "task", "task_group",
        )
    },
    "EmptyOperator": "from airflow.operators.empty import EmptyOperator",
    "prepare_virtualenv": "from airflow.utils.python_virtualenv import prepare_virtualenv",
    **{
        name: f"from airflow.decorators.base import {name}" for name in ("DecoratedOperator", "task_decorator_factory")
    },
}  # fmt: skip
"""What is elsewhere on Airflow 2. The provider common.compat, which comes with it, has the names of Airflow 3."""


def needed_imports(text: str, version: tuple[int, int]) -> list[str]:
    """The imports for the names that `text` uses."""
    known = IMPORTS | (BEFORE_3_2 if version < (3, 2) else {}) | (BEFORE_3 if version < (3, 0) else {})
    own = _imported_inside(text)
    used: set[str] = set()
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and before != "." and token.string in IMPORTS:
            if (token.string, token.start[0]) not in own:
                used.add(token.string)
        elif token.type == tokenize.STRING and token.string[0] in "fF":  # a token of its own before Python 3.12
            used |= {word for word in re.findall(r"\{(\w+)", token.string) if word in IMPORTS}
        before = token.string
    return [known[name] for name in IMPORTS if name in used]


def _imported_inside(text: str) -> set[tuple[str, int]]:
    """Names that a function imports for itself, with each of its lines."""
    found: set[tuple[str, int]] = set()
    for function in ast.parse(text).body:
        if isinstance(function, ast.FunctionDef):
            inside = [n for n in ast.walk(function) if isinstance(n, (ast.Import, ast.ImportFrom))]
            names = {alias.asname or alias.name for node in inside for alias in node.names}
            lines = range(function.lineno, (function.end_lineno or function.lineno) + 1)
            found |= {(name, line) for name in names for line in lines}
    return found
