"""Outcomes in gold: appended as they become known, never rewritten.

Guarantee: an outcome that is already recorded is not recorded again, whatever the source, the
number of runs, or the number of recorders at once. The check for new outcomes and the commit use
the same version of the table. Another recorder's commit in between is a conflict, and the check is
repeated.
"""

from typing import Final

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from lakehouse.errors import Unavailable
from lakehouse.gold.data_file import GrowingFile, commit_files
from lakehouse.gold.object_store import as_ours, open_objects, probe, table_uri
from lakehouse.gold.tables import OUTCOME_RECORDS, open_or_create
from lakehouse.lake import queries
from lakehouse.lake.session import Lake

_ATTEMPTS: Final = 5
_TRANSACTION: Final = "outcomes"


class OutcomeRecorder:
    """The writer of the table `outcome_records`; any number of them may write at once.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        The lake does not answer, refuses us, or holds a table of another shape.
    """

    def __init__(self, lake_uri: str) -> None:
        self._uri = table_uri(lake_uri, "outcome_records")
        probe(lake_uri)
        self._open()

    def record(self, lake: Lake, offered: pa.Table) -> int:
        """Append what is new of the records offered, in one commit; return how many were.

        Parameters
        ----------
        lake
            A session over the same lake; it is refreshed.
        offered
            The columns of `OUTCOME_RECORDS`, each application at most once.

        Raises
        ------
        Unavailable, Denied, SchemaDiffers
            The lake does not answer, refuses us, or others are quicker again and again.
        """
        for _ in range(_ATTEMPTS):
            # The handle first: what the session sees later than it makes the commit a conflict.
            handle = self._open()
            lake.refresh()
            new = offered.take(queries.new_outcomes(lake, offered).column("place"))
            if not new.num_rows or self._has_committed(handle, new):
                return len(new)
        raise Unavailable(
            f"{self._uri}: others recorded outcomes in each of {_ATTEMPTS} attempts; run this "
            "again when they have ended: what is recorded is not recorded twice"
        )

    def _open(self) -> DeltaTable:
        with as_ours(self._uri):
            return open_or_create(self._uri, OUTCOME_RECORDS)

    def _has_committed(self, handle: DeltaTable, rows: pa.Table) -> bool:
        number = (handle.transaction_version(_TRANSACTION) or 0) + 1
        with as_ours(self._uri):
            file = GrowingFile(OUTCOME_RECORDS)
            file.append(rows.cast(OUTCOME_RECORDS))
            whole = file.seal()
            whole.put(open_objects(self._uri))
            try:
                commit_files(handle, [whole], {_TRANSACTION: number})
            except CommitFailedError:
                return False
        return True
