"""Names longer than an orchestrator takes, and names that begin with a digit once they are spelt as it wants them."""

from pipec import pipeline, step


@step
def a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(
    x: int,
) -> int:
    return x + 1


@step
def _2fold(x: int) -> int:
    return 2 * x


@step
def __3fold(x: int) -> int:
    return 3 * x


@pipeline
def names_long(n: int = 2) -> list[object]:
    values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from = [
        a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(
            x
        )
        for x in range(n)
    ]
    _4 = _2fold(n)
    if _4 > 3:
        _5 = __3fold(n)
    else:
        _5 = a_step_whose_author_wanted_to_say_everything_about_it_in_its_name_and_then_some_more_about_the_weather_as_well(
            _4
        )
    return [
        values_that_are_collected_in_a_list_with_a_name_that_says_at_length_what_is_in_it_and_where_it_came_from,
        [[_2fold(y) for y in range(x)] for x in range(n)],
        _5,
    ]
