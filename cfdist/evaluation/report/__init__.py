"""An evaluation as a page that needs nothing but a browser."""

from cfdist.evaluation.report.page import render
from cfdist.evaluation.report.verdict import verdict

__all__ = ["render", "verdict"]
