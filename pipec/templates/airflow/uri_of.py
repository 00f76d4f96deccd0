def uri_of(path: ObjectStoragePath) -> str:
    """Give the address of a file or folder in the store, as other programs know it: without Airflow's connection."""
    return f"{path.protocol}://{path.path}"
