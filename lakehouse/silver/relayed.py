"""How far what was refused was sent on to the dead letter topic, by partition.

The flow stores the refused events of a partition in the order of their offsets, in one transaction
with its position: what comes later lies behind what is there. So one offset says which are sent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import pyarrow as pa

from lakehouse.arrow_schemas import QUARANTINE
from lakehouse.postgres.connection import execute, transact
from lakehouse.silver.copy import as_table
from risk.contract.application import RejectCode

_LEFT_OUT: Final = (RejectCode.ERASED.value,)


def unrelayed(dsn: str, topic: str, *, most: int) -> pa.Table:
    """Return refused events that are still to be sent on, as `arrow_schemas.QUARANTINE`, in order.

    Those that were recovered or erased meanwhile are left out.

    Parameters
    ----------
    topic
        As the broker knows it; those recreated in its place (``TOPIC@ID``) count as it.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, refuses us, or is not what this code expects.
    """
    asked = {"topic": topic, "left_out": list(_LEFT_OUT), "most": most}
    return transact(
        dsn,
        lambda connection: as_table(
            execute(connection, "list_unrelayed", asked).fetchall(), QUARANTINE
        ),
    )


def advance_relayed(dsn: str, next_offs: Mapping[tuple[str, int], int], *, now: datetime) -> None:
    """Note by topic and partition the offset below which everything was sent on; never back."""
    told = {
        "topics": [topic for topic, _ in next_offs],
        "parts": [part for _, part in next_offs],
        "next_offs": list(next_offs.values()),
        "now": now,
    }
    transact(dsn, lambda connection: execute(connection, "advance_relayed", told))
