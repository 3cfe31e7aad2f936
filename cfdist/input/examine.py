"""A first look at a table of anyone's: its columns, how they are read, its figures, advice."""

from collections.abc import Mapping
from dataclasses import dataclass

from cfdist.config import Config
from cfdist.errors import DataError
from cfdist.input.advice import Advice, advise
from cfdist.input.formats import settle_formats
from cfdist.input.guess import Guesses, guess_columns
from cfdist.input.profile import Profile, profile_input
from cfdist.input.sample import read_sample
from cfdist.settings import IngestSettings


@dataclass(frozen=True)
class Report:
    """What :func:`examine` found.

    Attributes
    ----------
    settings : IngestSettings
        The input, its columns and how they are read.
    guesses : Guesses
        Why each column.
    formats : tuple of str
        How text is read as time, the likeliest first; those after it fit all rows, too.
    profile : Profile
        Figures of the rows.
    advice : list of Advice
        What the figures suggest.
    """

    settings: IngestSettings
    guesses: Guesses
    formats: tuple[str, ...]
    profile: Profile
    advice: list[Advice]


def examine(file: str, given: Mapping[str, str]) -> Report:
    """Columns, profile and advice for the table at ``file``.

    Parameters
    ----------
    file : str
        Parquet or csv: a file, a folder, a glob or a URL.
    given : mapping
        Canonical name → column, which the user has named; empty: the input has none.

    Raises
    ------
    DataError
        No column for the user or the article, a file that cannot be read, or no usable row.
    """
    config = Config.load(None, {"ingest": {"input": file}})
    sample = read_sample(config.ingest)
    try:
        guesses = guess_columns(sample.schema, sample.rows, given, is_csv=sample.is_csv)
    except DataError as error:
        if not sample.difference:
            raise
        message = f"{error.message}; {sample.difference}"
        raise DataError(message, remedy="name the file with the interactions, or a glob") from None
    found = {"columns": guesses.columns, "timestamp_unit": guesses.timestamp_unit}
    settings = config.ingest.model_copy(update=found)
    formats = guesses.timestamp_formats
    if len(formats) > 1:
        formats = settle_formats(settings, formats)
    settings = settings.model_copy(update={"timestamp_format": formats[0] if formats else None})
    profile = profile_input(settings)
    return Report(settings, guesses, formats, profile, advise(profile, config))
