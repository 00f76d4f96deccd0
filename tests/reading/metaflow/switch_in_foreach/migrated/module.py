from pipec import pipeline, step


@step
def start() -> list[int]:
    numbers = [1, 2, 3, 4]
    return numbers


@step
def look(number: int) -> str:
    parity = "even" if number % 2 == 0 else "odd"
    return parity


@step
def even(number: int):
    out = number // 2
    return out


@step
def odd(number: int):
    out = number * 100
    return out


@step
def done(number: int, out) -> str:
    line = f"{number}: {out}"
    return line


@step
def end(lines):
    print(lines)


@pipeline
def switch_in_foreach():
    numbers = start()
    lines = []
    for number in numbers:
        parity = look(number)
        if parity == "even":
            out = even(number)
        else:
            out = odd(number)
        line = done(number, out)
        lines.append(line)
    end(lines)
    return {"lines": lines}
