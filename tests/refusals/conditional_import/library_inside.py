import a_module_that_is_not_there


def more(n):
    return a_module_that_is_not_there.more(n)
