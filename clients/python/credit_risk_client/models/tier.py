from enum import StrEnum


class Tier(StrEnum):
    ELEVATED = "Elevated"
    LOW = "Low"
    WATCHLIST = "Watchlist"

    def __str__(self) -> str:
        return str(self.value)
