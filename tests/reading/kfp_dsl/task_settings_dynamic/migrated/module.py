"""Migrated from the compiled pipeline "dynamic-resources"."""

from pipec import Argument, native, pipeline, step


@step(image="python:3.11", cache=True)
def choose() -> str:
    return "4Gi"


@step(
    image="python:3.11",
    cpu_limit=Argument("cpu"),
    memory_limit=Argument("choose_Output"),
    cache=True,
    targets={"kfp": {"accelerator": {"resourceType": Argument("gpu"), "resourceCount": Argument("count")}}},
)
def work(n: int, *, cpu: str, choose_Output: str, gpu: str, count: str):
    print(n)


# PC503: its image is known only in the run
work_2 = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="{{$.inputs.parameters['pipelinechannel--image']}}",
        command=[
            "sh",
            "-c",
            '''
    if ! [ -x "$(command -v pip)" ]; then
        python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip
    fi

    PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'kfp==2.17.3' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<"3.9"' && "$0" "$@"
    ''',
            "sh",
            "-ec",
            '''program_path=$(mktemp -d)

    printf "%s" "$0" > "$program_path/ephemeral_component.py"
    _KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path                         "$program_path/ephemeral_component.py"                         "$@"
    ''',
            '''
    import kfp
    from kfp import dsl
    from kfp.dsl import *
    from typing import *

    def work(n: int):
        print(n)

    ''',
        ],
        args=[
            "--executor_input",
            "{{$}}",
            "--function_to_execute",
            "work",
        ],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"n": int},
    cache=True,
)

# PC503: its image is known only in the run
work_3 = native(
    "kfp",
    """
    dsl.ContainerSpec(
        image="registry.example.com/{{$.inputs.parameters['pipelinechannel--image']}}",
        command=[
            "sh",
            "-c",
            '''
    if ! [ -x "$(command -v pip)" ]; then
        python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip
    fi

    PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'kfp==2.17.3' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<"3.9"' && "$0" "$@"
    ''',
            "sh",
            "-ec",
            '''program_path=$(mktemp -d)

    printf "%s" "$0" > "$program_path/ephemeral_component.py"
    _KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path                         "$program_path/ephemeral_component.py"                         "$@"
    ''',
            '''
    import kfp
    from kfp import dsl
    from kfp.dsl import *
    from typing import *

    def work(n: int):
        print(n)

    ''',
        ],
        args=[
            "--executor_input",
            "{{$}}",
            "--function_to_execute",
            "work",
        ],
    )
    """,
    imports=["from kfp import dsl"],
    inputs={"n": int},
    cache=True,
)


@pipeline(name="dynamic-resources")
def dynamic_resources(cpu: str = "1", gpu: str = "nvidia.com/gpu", image: str = "python:3.12", count: str = "1"):
    memory = choose()
    task = work(n=1, cpu=cpu, choose_Output=memory, gpu=gpu, count=count)
    work_2_done = work_2(2)
    work_3_done = work_3(3)
