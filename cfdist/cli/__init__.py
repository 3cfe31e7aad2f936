"""The command line: one file per command group; it translates, nothing else."""

from cfdist.cli.group import cli, main

__all__ = ["cli", "main"]
