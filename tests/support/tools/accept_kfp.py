"""Parse compiled pipelines strictly against the protobufs, and load them with the KFP SDK.

Usage: python accept_kfp.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def check(text: str) -> None:
    """Raise for an unknown or mistyped field, in either document."""
    import yaml
    from google.protobuf import json_format
    from kfp import components
    from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
    from kfp.pipeline_spec import pipeline_spec_pb2 as pb

    spec, *platforms = yaml.safe_load_all(text)
    json_format.ParseDict(spec, pb.PipelineSpec())
    json_format.ParseDict(spec["deploymentSpec"], pb.PipelineDeploymentConfig())
    for platform in platforms:
        json_format.ParseDict(platform, pb.PlatformSpec())
        executors: dict[str, Any] = platform["platforms"]["kubernetes"].get("deploymentSpec", {}).get("executors", {})
        for name, config in executors.items():
            assert name in spec["deploymentSpec"]["executors"], f"the platform document configures no executor: {name}"
            json_format.ParseDict(config, kubernetes.KubernetesExecutorConfig())
    components.load_component_from_text(text)


def main(folder: str) -> None:
    """Print `{file: error or ""}`."""
    verdicts = {}
    for file in sorted(Path(folder).rglob("*.yaml")):
        if file.name.endswith(".recurring-run.yaml"):
            continue  # arguments of the client, which `tests/native/test_kfp_schedules.py` hands to it
        try:
            check(file.read_text(encoding="utf-8"))
            verdicts[file.relative_to(folder).as_posix()] = ""
        except Exception as error:
            verdicts[file.relative_to(folder).as_posix()] = f"{type(error).__name__}: {error}"
    print("\n@@" + json.dumps(verdicts))


if __name__ == "__main__":
    main(sys.argv[1])
