KNOWN: dict[str, int] = {}
