from pipec import pipeline, step


@step
def start() -> list[str]:
    tables = ["users", "orders"]
    return tables


@step
def export(table: str):
    print("exporting", table)


@step
def end():
    print("done")


@pipeline
def export_flow():
    tables = start()
    for table in tables:
        export(table)
    end()
