from enum import StrEnum


class Band(StrEnum):
    HIGH = "High"
    LOW = "Low"
    MISSING = "Missing"
    MODERATE = "Moderate"
    VERY_HIGH = "Very High"

    def __str__(self) -> str:
        return str(self.value)
