from enum import StrEnum


class AdverseReasonWhen(StrEnum):
    HIGH = "HIGH"
    LOW = "LOW"
    MISSING = "MISSING"
    OTHER = "OTHER"
    UNKNOWN = "UNKNOWN"

    def __str__(self) -> str:
        return str(self.value)
