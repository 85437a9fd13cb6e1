from enum import StrEnum


class Cause(StrEnum):
    ARTEFACT = "artefact"
    BYTES = "bytes"
    COLUMN = "column"
    CONTRACT = "contract"
    POLICY = "policy"
    REFERENCE = "reference"
    REFUSED = "refused"

    def __str__(self) -> str:
        return str(self.value)
