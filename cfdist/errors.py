"""Typed errors. Each carries the exit code of the command line and says what to do next."""

EXIT_INTERNAL = 1
EXIT_REFUSED = 20
EXIT_DATA = 30
EXIT_CONFIG = 40
EXIT_TRY_LATER = 75
EXIT_CANCELLED = 130


class CfdistError(Exception):
    """What every error of cfdist derives from.

    Parameters
    ----------
    message : str
        What is wrong, with the offending value and the limit.
    remedy : str
        What to type or change next; shown on a line of its own.
    """

    exit_code = EXIT_INTERNAL

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Errors travel from workers to the client, keyword arguments included."""
        return _rebuild, (type(self), self.message, self.remedy)


def _rebuild(kind: type[CfdistError], message: str, remedy: str) -> CfdistError:
    return kind(message, remedy=remedy)


class DataError(CfdistError):
    """The input cannot be used: names file, column and row. Nothing was published."""

    exit_code = EXIT_DATA


class ConfigError(CfdistError):
    """A setting is wrong or two of them do not fit together."""

    exit_code = EXIT_CONFIG


class ClusterError(CfdistError):
    """The cluster does not answer or cannot run the job; the same call may work later."""

    exit_code = EXIT_TRY_LATER


class ResourceError(CfdistError):
    """The job does not fit the memory that it was given; nothing was computed."""

    exit_code = EXIT_CONFIG


class ConflictError(CfdistError):
    """Another publisher committed first; this build was left out, nothing was overwritten."""

    exit_code = EXIT_TRY_LATER


class BuildError(CfdistError):
    """A published build is missing, incomplete or of a format that this release cannot read."""

    exit_code = EXIT_DATA


class GateError(CfdistError):
    """A build was made, and a check of the gate refused it: kept, marked, and not live."""

    exit_code = EXIT_REFUSED


class DeviceError(CfdistError):
    """A GPU is missing, cannot be used or computes something else than it should."""

    exit_code = EXIT_CONFIG
