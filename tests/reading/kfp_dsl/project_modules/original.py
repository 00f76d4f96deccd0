import settings
from kfp import dsl
from steps import load, score
from steps.shared import names


@dsl.pipeline(name=settings.NAME)
def project():
    data = load(path=settings.Paths.DATA)
    for name in names(2):
        score(data=data.output, name=name)
