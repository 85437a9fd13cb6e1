"""Commands that messages advise."""

from collections.abc import Iterable

__all__ = ["command_for_quarantined"]


def command_for_quarantined(topics: Iterable[str], *, but_code: str) -> str:
    """Return the command that shows what of these topics was quarantined, but for one code."""
    quoted = ", ".join("'" + topic.replace("'", "''") + "'" for topic in topics)
    # To be read and run by a person, who may ask the lake anything.
    question = (
        "select part, off, code, reason from quarantine "  # noqa: S608
        f"where topic in ({quoted}) and code <> '{but_code}' order by part, off"
    )
    return f'./justw sql "{question}"'
