from kfp import dsl


@dsl.component
def choose() -> str:
    return "4Gi"


@dsl.component
def work(n: int):
    print(n)


@dsl.pipeline(name="dynamic-resources")
def dynamic_resources(cpu: str = "1", gpu: str = "nvidia.com/gpu", image: str = "python:3.12", count: str = "1"):
    memory = choose()
    task = work(n=1)
    task.set_cpu_limit(cpu)
    task.set_memory_limit(memory.output)
    task.set_accelerator_type(gpu)
    task.set_accelerator_limit(count)
    work(n=2).set_container_image(image)
    work(n=3).set_container_image(f"registry.example.com/{image}")
