from kfp import dsl


@dsl.component(base_image="python:3.11")
def work(n: int) -> int:
    return n


@dsl.pipeline(name="resources")
def resources():
    first = (
        work(n=1)
        .set_cpu_request("500m")
        .set_cpu_limit("2")
        .set_memory_request("512Mi")
        .set_memory_limit("4Gi")
        .set_accelerator_type("nvidia.com/gpu")
        .set_accelerator_limit(2)
    )
    second = work(n=first.output)
    second.set_retry(num_retries=3, backoff_duration="30s", backoff_factor=1.5, backoff_max_duration="10m")
    second.set_caching_options(False)
    second.set_env_variable("MODE", "fast").set_env_variable(name="EMPTY", value="")
    second.set_display_name("Second work")
    second.set_container_image("registry.example.com/other:1")
    third = work(n=3).set_retry(2)
    third.set_caching_options(enable_caching=True, cache_key="v1")
    third.set_gpu_limit("1")
    third.set_memory_limit("100M")
    third.set_cpu_limit("1.5")
    work(n=4).add_node_selector_constraint("NVIDIA_TESLA_K80").set_debug_pause(before=True)
