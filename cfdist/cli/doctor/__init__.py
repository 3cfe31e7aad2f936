"""``cfdist doctor``: what this installation has, what is missing, what to do about it."""

from cfdist.cli.doctor.command import doctor

__all__ = ["doctor"]
