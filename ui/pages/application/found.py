"""Find the decision that the page shows; the path names its event."""

from typing import Any, Final
from urllib.parse import unquote

from lakehouse.rules.dossier import Dossier
from ui.cards import Nothing, View

_PREFIX: Final = "/application/"


def event_of(path: Any) -> str | None:
    """Return the event id of a path such as ``/application/2000000047554``."""
    if not isinstance(path, str) or not path.startswith(_PREFIX):
        return None
    return unquote(path.removeprefix(_PREFIX)) or None


def found(view: View) -> Dossier:
    """Return the decision on the event that the path names."""
    event_id = event_of(view.more[0] if view.more else None)
    if event_id is None:
        raise Nothing("No application is chosen")
    one: Dossier = view.ask(view.desk.stores.dossier, event_id)
    return one
