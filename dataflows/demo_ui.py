"""Run the pages beside the demo: ``python -m ui``, for as long as the demo runs."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from dataflows.demo_api import beside, free_address
from lakehouse.settings.settings import Settings, variable_of

PAGES = (sys.executable, "-m", "ui")


@contextlib.contextmanager
def running_pages(settings: Settings, env: Mapping[str, str]) -> Iterator[str]:
    """Run the pages as long as the context; yield what to tell people.

    Nobody waits for them: they answer some seconds later, and what they say goes to ui.log.

    Parameters
    ----------
    env
        The environment that `settings` were read from, which is also the pages'.
    """
    if find_spec("dash") is None or find_spec("dash_ag_grid") is None:
        yield "the pages are not installed here (the extra `ui`)"
        return
    try:
        address = free_address(settings.ui_address)
    except (OSError, OverflowError) as exc:
        taken = f"RISK_UI_ADDRESS {settings.ui_address} is not to be had"
        yield f"the pages do not run: {taken} ({exc})"
        return
    with beside(PAGES, settings.home / "ui.log", {**env, variable_of("ui_address"): address}):
        sign_in = ""
        if settings.ui_auth == "accounts" and settings.is_silver_embedded:
            sign_in = f", name admin, the password in {settings.home / 'ui-password'}"
        yield f"the pages on http://{address}{sign_in}"
