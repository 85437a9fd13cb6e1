"""The errors of the lakehouse, and what the caller should do about each.

::

    LakehouseError                what                                                      exit
    ├── SettingsInvalid           a setting is unknown, missing or malformed                   2
    ├── ArtefactInvalid           a model, policy or reference table is absent or altered      2
    ├── ChangeRefused             the registry's rules do not allow this change                2
    ├── QueryInvalid              a question cannot be asked as it was written                 2
    ├── Unavailable               a store does not answer: retry, the work is idempotent       4
    ├── Denied                    a store refuses our user, or what it may do: stop            4
    ├── SchemaDiffers             a store has another shape than this code: stop               1
    ├── Fenced                    a newer instance owns the pipeline: stop at once             3
    ├── Gap                       rows between two batches would be missing: stop              1
    ├── StoresDisagree            silver and gold are not of one history: stop                 5
    ├── PositionLost              the source no longer holds what is next to be read           5
    └── SourceChanged             the source has other partitions than at the start            7

``code`` is stable: the log line, the metric label and the API problem all carry it. ``exit_code``
is the exit code of a command that ends with this error. A message says what, where, expected, found
and what to do. It never carries an applicant's data or a password.
"""

from typing import ClassVar


class LakehouseError(Exception):
    """The lakehouse could not do what was asked."""

    code: ClassVar[str] = "lakehouse"
    exit_code: ClassVar[int] = 1


class SettingsInvalid(LakehouseError):
    """A setting is unknown, missing or malformed; nothing was started."""

    code = "settings_invalid"
    exit_code = 2


class ArtefactInvalid(LakehouseError):
    """A model, policy or reference table is absent, malformed or not what its checksum says."""

    code = "artefact_invalid"
    exit_code = 2


class ChangeRefused(LakehouseError):
    """The registry's rules do not allow this change; nothing was written."""

    code = "change_refused"
    exit_code = 2


class QueryInvalid(LakehouseError):
    """A question cannot be asked as it was written: wrong SQL, name or parameters."""

    code = "query_invalid"
    exit_code = 2


class Unavailable(LakehouseError):
    """A store did not answer in time; nothing half-done is left, so trying again is safe."""

    code = "unavailable"
    exit_code = 4


class Denied(LakehouseError):
    """A store refuses our credentials, or does not let them do what is needed."""

    code = "denied"
    exit_code = 4


class SchemaDiffers(LakehouseError):
    """A store has another shape than this code expects; retrying cannot help."""

    code = "schema_differs"


class Fenced(LakehouseError):
    """A newer instance has taken over the pipeline; this one must stop and write nothing more."""

    code = "fenced"
    exit_code = 3


class Gap(LakehouseError):
    """A batch starts beyond the stored position; storing it would skip the events in between."""

    code = "gap"


class PositionLost(LakehouseError):
    """The source no longer holds the position from which the pipeline must read on."""

    code = "position_lost"
    exit_code = 5


class SourceChanged(LakehouseError):
    """The source has other partitions than when the flow started; starting again reads them."""

    code = "source_changed"
    exit_code = 7


class StoresDisagree(LakehouseError):
    """Silver and gold are not of one history, as after restoring one of them to an older state."""

    code = "stores_disagree"
    exit_code = 5
