from typing import Any, Dict, List, Optional

from kfp import dsl, kubernetes


@dsl.component
def train(rows: int) -> int:
    return rows


@dsl.component
def warm_up():
    print("warm")


@dsl.pipeline(name="settings-of-run")
def settings_of_run(
    rows: int = 3,
    memory: str = "2Gi",
    claim: str = "data",
    affinity: Optional[Dict[str, Any]] = None,
    selector: Optional[Dict[str, str]] = None,
    secret: Optional[str] = None,
    limits: Optional[str] = None,
    tolerations: Optional[List[Dict[str, Any]]] = None,
):
    task = train(rows=rows)
    task.set_memory_request(memory)
    task.set_memory_limit(memory)
    kubernetes.mount_pvc(task, pvc_name=claim, mount_path="/data")
    kubernetes.add_node_affinity_json(task, node_affinity_json=affinity)
    kubernetes.add_node_selector_json(task, node_selector_json=selector)
    kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env={"password": "PASSWORD"}, optional=True)
    kubernetes.use_config_map_as_volume(task, config_map_name=limits, mount_path="/limits", optional=True)
    kubernetes.add_toleration_json(task, toleration_json=tolerations)
    warm_up().set_memory_limit(memory)
