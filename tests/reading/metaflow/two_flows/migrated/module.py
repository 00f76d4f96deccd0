from pipec import After, pipeline, step

RATE = 2


@step
def start():
    rows = 10 * RATE
    return rows


@step
def end(rows):
    print(rows)


@pipeline
def ingest():
    rows = start()
    end(rows)
    return {"rows": rows}


@step
def publish_start() -> str:
    target = "web"
    return target


@step
def publish_end(target: str):
    print(target)


@pipeline(schedule=After("ingest"))
def publish():
    target = publish_start()
    publish_end(target)
    return {"target": target}
