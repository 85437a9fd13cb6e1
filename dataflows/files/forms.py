"""The settings with which a user states a file's form where its content cannot tell."""

from dataclasses import dataclass
from typing import Final, Literal

from lakehouse.settings.settings import Settings
from risk.ingest.date_forms import Order

DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


@dataclass(frozen=True, slots=True)
class FileForms:
    """How to read files; ``None`` is: by their content, refused at the start where that is unsure.

    Attributes
    ----------
    dates
        Whether the month or the day stands first in ``12/1/2011``.
    rates
        Whether rates and ratios are percentages or fractions of one.
    delimiter
        The sign between two cells of a text file.
    encoding
        ``utf-8``, ``utf-16`` or ``cp1252``.
    """

    dates: Order | None = None
    rates: Literal["percent", "fraction"] | None = None
    delimiter: str | None = None
    encoding: str | None = None


def forms_of(settings: Settings) -> FileForms:
    """Return the settings on files."""
    return FileForms(
        dates=None if settings.file_dates == "refuse" else settings.file_dates,
        rates=None if settings.file_rates == "refuse" else settings.file_rates,
        delimiter=DELIMITERS.get(settings.file_delimiter),
        encoding=None if settings.file_encoding == "auto" else settings.file_encoding,
    )
