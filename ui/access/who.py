"""The person who is asking: set for each request, read wherever something is written."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """An account that is signed in.

    Attributes
    ----------
    may_write
        Whether it may dispose of applications and save candidates.
    """

    name: str
    may_write: bool


NOBODY = User("nobody", may_write=True)
"""Everybody, where nobody has to sign in."""

_USER: ContextVar[User] = ContextVar("ui_user", default=NOBODY)


def current_user() -> User:
    """Return who is asking."""
    return _USER.get()


def set_user(user: User) -> None:
    """Say who is asking, for the rest of this request."""
    _USER.set(user)
