from enum import StrEnum


class ScaleMissingType0(StrEnum):
    MISSING = "Missing"

    def __str__(self) -> str:
        return str(self.value)
