"""Challengers score in the same batch; their results are counted here and not answered."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from serving.http.metrics import CHALLENGED

_decode = msgspec.json.Decoder(dict[str, float | None]).decode


def count_challenged(challengers: Iterable[str | None]) -> None:
    """Count each challenger's results in a batch, from the column `challengers` of its rows."""
    counts = Counter(
        (version, "failed" if pd is None else "scored")
        for text in challengers
        if text is not None
        for version, pd in _decode(text).items()
    )
    for (version, outcome), number in counts.items():
        CHALLENGED.labels(version, outcome).inc(number)
