"""These tests need the real wheels: `make test-rapids`. Elsewhere the folder is left out."""

import os
from importlib.metadata import PackageNotFoundError, version

os.environ.setdefault("RAPIDS_NO_INITIALIZE", "1")

try:  # the stand-ins have no distribution
    version("cudf-cu12")
except PackageNotFoundError:
    collect_ignore_glob = ["*"]
