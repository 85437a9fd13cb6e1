"""Read all records of a source that ends: a file, or a simulation with a limit."""

import sys
from collections.abc import Iterator

from dataflows.files.columns import ANYTHING, Needs
from dataflows.sources.clock import utc_now
from dataflows.sources.feed import open_feed
from dataflows.sources.progress import told
from dataflows.sources.urls import SimSource, Source
from lakehouse.errors import SettingsInvalid


def all_records(
    source: Source, *, needs: Needs = ANYTHING, is_quiet: bool = False
) -> Iterator[list[bytes]]:
    """Return a source's records, some at a time, as fast as they are taken.

    Parameters
    ----------
    needs
        The columns that a file must have.
    is_quiet
        Says nothing of how a file is read, and how far.

    Raises
    ------
    SettingsInvalid
        The source is a topic, a simulation without a limit, or a file that cannot be read.
    """
    if isinstance(source, SimSource) and source.limit is None:
        raise SettingsInvalid(
            f"SOURCE is {source}, which has no end: say how many loans, as in "
            f"sim://?seed={source.seed}&limit=100000"
        )
    feed = open_feed(source, limit=None, rate=0.0, clock=utc_now, needs=needs)
    if is_quiet:
        return feed.batches
    for said in feed.said:
        sys.stderr.write(f"{source}: {said}\n")
    return told(feed.batches, feed.share_read)
