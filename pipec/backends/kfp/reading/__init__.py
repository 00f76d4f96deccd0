"""Reading Kubeflow pipelines: compiled documents, and the Python source that they are compiled from."""
