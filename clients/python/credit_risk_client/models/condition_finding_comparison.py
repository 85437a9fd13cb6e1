from enum import StrEnum


class ConditionFindingComparison(StrEnum):
    ABOVE = "above"
    AT_LEAST = "at_least"

    def __str__(self) -> str:
        return str(self.value)
