def address(artifact: ObjectStoragePath) -> str:
    """Where an artifact lies, for a container that reaches the store by itself."""
    return f"{artifact.protocol}://{artifact.path}"
