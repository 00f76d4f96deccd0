"""A small KFP server: compiles a PipelineSpec to Argo's DAGs, and runs them by the rules of the real drivers and launcher.

The second oracle beside kfp.local, which joins skipped branches, nests collected lists, and forgives what no server does.
The rules were read in the server's own code (backend/src/v2 of kubeflow/pipelines); where releases differ, the strictest
one counts.
"""

from tests.support.pipelinespec.errors import DriverError, Refused
from tests.support.pipelinespec.server import Run, Server

__all__ = ["DriverError", "Refused", "Run", "Server"]
