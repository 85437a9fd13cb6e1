"""Remember a function's results, so that a column with few distinct values costs only look-ups."""

from collections.abc import Callable
from typing import TypeVar

_Argument = TypeVar("_Argument")
_Value = TypeVar("_Value")


class Memo(dict[_Argument, _Value]):
    """A function of one argument that remembers: ``map(memo.__getitem__, column)`` is quickest.

    Parameters
    ----------
    function
        Gives the same for equal arguments, always.
    most
        How many arguments are remembered: with one more, all are forgotten. Threads may share it.
    """

    def __init__(self, function: Callable[[_Argument], _Value], most: int) -> None:
        super().__init__()
        self.function = function
        self.most = most
        self.__doc__ = function.__doc__

    def __call__(self, argument: _Argument) -> _Value:
        """Return what the function gives."""
        return self[argument]

    def __missing__(self, argument: _Argument) -> _Value:
        value = self.function(argument)
        if len(self) >= self.most:
            self.clear()
        self[argument] = value
        return value


def memo(
    most: int,
) -> Callable[[Callable[[_Argument], _Value]], Memo[_Argument, _Value]]:
    """Make a function remember; see `Memo`."""
    return lambda function: Memo(function, most)
