from kfp import compiler, dsl


@dsl.component
def work(n: int, name: str):
    print(n, name)


@dsl.pipeline(name="general")
def general(n: int = 1, name: str = "x"):
    work(n=n, name=name)


if __name__ == "__main__":
    compiler.Compiler().compile(
        pipeline_func=general,
        package_path="special.yaml",
        pipeline_name="special",
        pipeline_display_name="A special one",
        pipeline_parameters={"n": 5},
    )
