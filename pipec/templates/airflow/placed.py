def placed(value: Any, folder: ObjectStoragePath) -> Any:
    """Replace the paths in `value`, at any depth, by those in the store."""
    if isinstance(value, dict):
        if "$path" in value:
            return folder / value["$path"]
        return {key: placed(item, folder) for key, item in value.items()}
    return [placed(item, folder) for item in value] if isinstance(value, list) else value
