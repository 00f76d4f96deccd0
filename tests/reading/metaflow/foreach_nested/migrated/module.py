from pipec import pipeline, step


@step
def start() -> list[list[int]]:
    rows = [[1, 2], [3], [4, 5, 6]]
    return rows


@step
def cell(cell: int):
    value = cell * 10
    return value


@step
def join_row(values):
    row_sum = sum(value for value in values)
    return row_sum


@step
def end(sums):
    print(sums)


@pipeline
def nested_foreach():
    rows = start()
    row_sums = []
    for cells in rows:
        values = [cell(cell_2) for cell_2 in cells]
        row_sum = join_row(values)
        row_sums.append(row_sum)
    end(row_sums)
    return {"sums": row_sums}
