"""Make stored decisions again and explain them, from the lake, outside the event loop."""

from collections.abc import Callable
from typing import Final, TypeVar

from lakehouse.errors import Denied, QueryInvalid, Unavailable
from lakehouse.lake.session import Lake
from lakehouse.rules.as_decided import Rulebook
from lakehouse.rules.dossier import dossier
from lakehouse.rules.redecide import Recalled, recall
from risk.explain.explanation import Explanation
from serving.http.problems import Problem
from serving.http.threads import Threads

_MOST_WAITING: Final = 8
"""Questions to the lake take a second or two each, one at a time."""

T = TypeVar("T")


class Dossiers:
    """Find, replay and explain stored decisions.

    The lake is opened with the first question and refreshed with each. One thread answers all
    questions, so they neither delay scoring nor fill the memory.

    Parameters
    ----------
    silver_dsn
        For reference tables other than the shipped.
    """

    def __init__(self, lake_uri: str, silver_dsn: str) -> None:
        self._lake_uri = lake_uri
        self._silver_dsn = silver_dsn
        self._lake: Lake | None = None
        self._thread = Threads("dossiers", 1, most_waiting=_MOST_WAITING)

    async def replay(self, event_id: str) -> Recalled:
        """Make a decision again by the versions that it names, and say what differs.

        Raises
        ------
        Problem
            404: the lake holds no such decision; 503: the lake does not answer, or too many ask.
        """
        return await self._asked(lambda: self._replay(event_id))

    async def explanation(self, event_id: str) -> Explanation:
        """Explain a decision by the versions that it names.

        Raises
        ------
        Problem
            404: the lake holds no such decision; 409: its bytes or its versions are not to be had;
            503: the lake does not answer.
        """
        return await self._asked(lambda: self._explain(event_id))

    def close(self) -> None:
        """Answer what is being asked, and close the lake."""
        self._thread.close(last=self._close_lake)

    async def _asked(self, answer: Callable[[], T]) -> T:
        try:
            return await self._thread.run(answer)
        except (Unavailable, Denied) as exc:
            raise Problem(503, "lake_unavailable", str(exc), headers={"Retry-After": "10"}) from exc

    def _opened(self) -> Lake:
        if self._lake is None:
            self._lake = Lake(self._lake_uri)
        else:
            self._lake.refresh()
        return self._lake

    def _rulebook(self) -> Rulebook:
        return Rulebook(self._lake_uri, lambda: self._silver_dsn)

    def _replay(self, event_id: str) -> Recalled:
        found = recall(self._opened(), self._rulebook(), [event_id])
        if not found:
            raise _not_in_the_lake()
        return found[0]

    def _explain(self, event_id: str) -> Explanation:
        try:
            found = dossier(self._opened(), self._rulebook(), event_id)
        except QueryInvalid as exc:
            raise _not_in_the_lake() from exc
        if found.explanation is None:
            raise Problem(
                409,
                "not_explicable",
                f"the decision cannot be explained as it was made: {found.not_explained}",
            )
        return found.explanation

    def _close_lake(self) -> None:
        if self._lake is not None:
            self._lake.close()


def _not_in_the_lake() -> Problem:
    return Problem(
        404,
        "not_found",
        "the lake holds no decision under this event id; a decision reaches it some seconds after "
        "silver, and what was scored without being recorded never does",
    )
