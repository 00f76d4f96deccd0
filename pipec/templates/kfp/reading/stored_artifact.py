class StoredArtifact(Artifact):
    """An artifact that knows its address in the store."""

    def __init__(self, path: "str | Path", name: str, uri: str) -> None:
        super().__init__(path, name)
        self.address = uri if self.path == str(path) else f"{uri}/content"

    @property
    def uri(self) -> str:
        """Where it lies, for every program."""
        return self.address
