"""Published builds: the commit log, the files, and reading them back."""

from cfdist.builds.build import Build, load_build

__all__ = ["Build", "load_build"]
