"""The interactive prompt: each question is asked of the newest snapshot."""

import re
from collections.abc import Callable
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.console import Console

from lakehouse.errors import LakehouseError
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.answers import show
from lakehouse.lake.session import Lake

_WORDS: Final = """
select from where group by order having limit count sum avg min max as and or not in is null like
between case when then else end join left using on distinct describe show tables summarize
""".split()  # noqa: SIM905 - a list of words reads best as words
_END: Final = re.compile(r"\s*(exit|quit|\\q)?\s*;?\s*", re.IGNORECASE)


def converse(lake: Lake, read: Callable[[], str], console: Console) -> None:
    """Answer what `read` returns until it raises EOFError or returns ``exit``.

    If a question fails, its error is printed and the next one is read.
    """
    console.print(
        f"views: {', '.join(SCHEMAS)}; instants are UTC; end a question with ; and Enter, "
        "leave with exit or Ctrl-D",
        style="dim",
        highlight=False,
    )
    while True:
        try:
            question = read()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if (ended := _END.fullmatch(question)) and ended[1]:
            return
        if ended:
            continue
        try:
            lake.refresh()
            show(lake.query(question), console)
        except LakehouseError as error:
            console.print(f"{error.code}: {error}", style="red", markup=False, highlight=False)


def prompt_session() -> Callable[[], str]:
    """Return a reader of questions from the terminal, with names to complete and a history."""
    names = sorted({name for schema in SCHEMAS.values() for name in schema.names})
    session: PromptSession[str] = PromptSession(
        "lake> ",
        multiline=True,
        prompt_continuation="   -> ",
        completer=WordCompleter([*SCHEMAS, *names, *_WORDS], ignore_case=True),
        complete_while_typing=False,
        key_bindings=_enter_ends_a_question(),
    )
    return session.prompt


def _enter_ends_a_question() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("enter")
    def _(event: KeyPressEvent) -> None:
        text = event.current_buffer.text
        if text.rstrip().endswith(";") or _END.fullmatch(text):
            event.current_buffer.validate_and_handle()
        else:
            event.current_buffer.insert_text("\n")

    return bindings
