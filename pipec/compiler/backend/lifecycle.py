"""Rules by which a bucket removes what is older than a pipeline's `retention`: files beside an output.

Nothing that runs can do this better than the store: it looks at every object's age itself, once a day.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pipec.compiler.diagnostics import Report
from pipec.compiler.diagnostics.target import LossySetting, RefusedSetting
from pipec.ir import Pipeline

DAY = 86400
ENDING = ".lifecycle.json"
"""Of the file beside an output."""
BUCKET = re.compile(r"(s3|gs|minio)://([^/?]+)/?([^?]*)")
"""Scheme, bucket and prefix of a place in an object store whose rules this module can write."""


def lifecycle(pipeline: Pipeline, target: str, root: str, folder: str, setting: str, report: Report) -> str | None:
    """The rule for `<root>/<folder>/`, as JSON; `None` without `retention`, or where `root` is in no bucket.

    `folder` is where the target keeps what is the pipeline's; `root` is what `setting`, in words, says; a query behind
    it counts for nothing. The rule is what `aws s3api put-bucket-lifecycle-configuration` takes, or for Google Cloud
    `gcloud storage buckets update --lifecycle-file`; both replace all rules of the bucket.
    """
    retention = pipeline.policy.retention
    if retention is None:
        return None
    place = BUCKET.match(root)
    if place is None:
        where = f"is {root!r}, and no bucket" if root else "names no bucket"
        reason = (
            f"{setting} {where}; of `s3://...`, `gs://...` or `minio://...` there, pipec writes the rule by which the "
            "bucket removes what is older"
        )
        report.add(RefusedSetting(pipeline.policy.span("retention"), target, pipeline.name, "retention", reason))
        return None
    days = whole_days(retention)
    if days * DAY != retention:
        loss = f"{retention / 3600:g} hours become {days} days: a bucket counts whole days"
        report.add(LossySetting(pipeline.policy.span("retention"), target, pipeline.name, "retention", loss))
    scheme, _, above = place.groups()
    prefix = "/".join([*filter(None, above.split("/")), folder, ""])
    rule = _google(prefix, days) if scheme == "gs" else _amazon(folder, prefix, days)
    return json.dumps(rule, indent=2, ensure_ascii=False) + "\n"


def retention_of(rule: str) -> float | None:
    """The seconds for which a rule, as JSON, keeps artifacts; `None` where it is none of pipec's."""
    try:
        found = json.loads(rule)
    except (ValueError, RecursionError):
        return None
    match found:
        case {"Rules": [{"ID": str(name), "Filter": {"Prefix": str(prefix)}, "Expiration": {"Days": int(days)}}]}:
            made = _amazon(name.removeprefix("retention-of-"), prefix, days)
        case {"lifecycle": {"rule": [{"condition": {"age": int(days), "matchesPrefix": [str(prefix)]}}]}}:
            made = _google(prefix, days)
        case _:
            return None
    return float(days * DAY) if found == made else None


def whole_days(retention: float) -> int:
    """The days after which a bucket removes what is to be kept for so many seconds."""
    return math.ceil(retention / DAY)


def _amazon(name: str, prefix: str, days: int) -> dict[str, Any]:
    rule = {
        "ID": f"retention-of-{name}", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days},
        # where objects have versions, the other rule only hides what it removes
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }  # fmt: skip
    return {"Rules": [rule]}


def _google(prefix: str, days: int) -> dict[str, Any]:
    rule = {"action": {"type": "Delete"}, "condition": {"age": days, "matchesPrefix": [prefix]}}
    return {"lifecycle": {"rule": [rule]}}
