"""The scripts of ``benchmarks/`` import each other by their file names."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
