"""Choose sessions or a proxy, as the settings say."""

import ipaddress
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from lakehouse.errors import SettingsInvalid
from lakehouse.settings.settings import Settings
from ui.access.accounts import Accounts, ensure_first_account
from ui.access.session import Proxy, Sessions

_KEPT_IN: Final = "ui-secret"


def gate_parts(
    settings: Settings, silver_dsn: str, *, now: Callable[[], datetime]
) -> tuple[Sessions | None, Proxy | None]:
    """Return what the gate asks: sessions of accounts, or a proxy's headers.

    Raises
    ------
    SettingsInvalid
        A trusted proxy is no address and no network.
    """
    if settings.ui_auth == "proxy":
        return None, Proxy(_networks(settings.ui_trusted_proxies))
    if settings.is_silver_embedded:
        ensure_first_account(silver_dsn, settings.home, at=now())
    return Sessions(_secret(settings), Accounts(silver_dsn, now=now), now=now), None


def _networks(said: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in said.split(",") if each.strip())
    except ValueError as exc:
        raise SettingsInvalid(
            f"RISK_UI_TRUSTED_PROXIES: expected addresses or networks, comma-separated: {exc}"
        ) from exc


def _secret(settings: Settings) -> str:
    """Return the secret of the settings, or the one in the home, made at first use."""
    given: str = settings.ui_secret.get_secret_value()
    if given:
        return given
    path: Path = settings.home / _KEPT_IN
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8").strip()
