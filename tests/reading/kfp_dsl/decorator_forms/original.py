import kfp.dsl as dsl
from kfp.dsl import component, pipeline


@component()
def one() -> int:
    return 1


@dsl.component(
    base_image="registry.example.com/base:1",
    pip_index_urls=["https://pypi.example.com/simple", "https://pypi.org/simple"],
    pip_trusted_hosts=["pypi.example.com"],
    packages_to_install=["numpy", "kfp-server-api"],
    use_venv=True,
)
def two(n: int) -> int:
    return n * 2


@dsl.component(base_image="python:3.10")
def three(n: int) -> int:
    return n + 3


@dsl.component(install_kfp_package=False)
def four(n: int):
    print(n)


@dsl.component(kfp_package_path="git+https://github.com/kubeflow/pipelines@refs/pull/1/merge#subdirectory=sdk/python")
def five(n: int):
    print(n)


@pipeline
def forms():
    first = one()
    second = two(n=first.output)
    third = three(n=second.output)
    four(n=third.output)
    five(n=4)
