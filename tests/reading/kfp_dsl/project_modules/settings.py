"""What the pipelines of this project have in common."""

NAME = "project"
IMAGE = "python:3.12"


class Paths:
    ROOT = "gs://bucket"
    DATA = ROOT + "/data"
