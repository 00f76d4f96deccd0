class dsl:
    """What the components use of Kubeflow's `dsl`."""

    Artifact = Dataset = Model = Metrics = ClassificationMetrics = HTML = Markdown = Artifact

    @staticmethod
    def get_uri(suffix: str = "Output") -> str:
        """Where a new artifact may be written."""
        return str(Path(tempfile.mkdtemp(), suffix))
