"""What an independent reader finds in an output of the settings of its one step and of the pipeline.

Nothing here knows how pipec writes: the YAML is loaded, the Python is parsed, and quantities are read by Kubernetes'
own rules. A reader gives `{setting: value}` in neutral units (millicores, bytes, seconds); what is not there is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.settings.airflow import in_airflow
from tests.support.settings.kfp import in_kfp
from tests.support.settings.metaflow import in_metaflow

Found = dict[str, Any]
READERS: Mapping[str, Callable[[Mapping[str, str]], Found]] = {
    "airflow": in_airflow,
    "kfp": in_kfp,
    "metaflow": in_metaflow,
}
"""Target -> what reads the files of a bundle."""
