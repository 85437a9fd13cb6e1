from enum import StrEnum


class PdRuleTier(StrEnum):
    ELEVATED = "Elevated"
    WATCHLIST = "Watchlist"

    def __str__(self) -> str:
        return str(self.value)
