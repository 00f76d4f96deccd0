import logging
import os
from datetime import datetime

from kfp import dsl

logger = logging.getLogger(__name__)
IMAGE = os.getenv("BASE_IMAGE_OF_THIS_TEST", "python:3.11")
PACKAGES = ["numpy"]
if "EXTRA_PACKAGE_OF_THIS_TEST" in os.environ:
    PACKAGES.append(os.environ["EXTRA_PACKAGE_OF_THIS_TEST"])


@dsl.component(
    base_image=IMAGE, packages_to_install=PACKAGES, kfp_package_path=os.getenv("KFP_PACKAGE_PATH_OF_THIS_TEST")
)
def work(n: int):
    print(n)


@dsl.pipeline(name="from-the-environment")
def from_the_environment():
    started = datetime.now()
    logger.info("compiling at %s", started)
    print("compiling", started)
    work(n=1)
