"""Sessions, for HTTP and the websocket alike.

A session is a signed cookie; the server stores nothing for it. Dash sends the cookie `_csrf_token`
back as the header `X-CSRFToken`, which must name the same session. Alternatively a proxy in front
has signed people in. It names them in headers, which are accepted from the proxy's addresses only.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any, Final

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import Headers

from ui.access.accounts import Accounts
from ui.access.who import User

COOKIE: Final = "risk_session"
CSRF_COOKIE: Final = "_csrf_token"
LONGEST_SECONDS: Final = 12 * 3_600
_WRITERS: Final = frozenset({"risk-analyst", "risk-admin"})


@dataclass(frozen=True, slots=True)
class Proxy:
    """What a proxy that signs people in says of them, and from where it may."""

    addresses: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
    user_header: str = "x-forwarded-user"
    groups_header: str = "x-forwarded-groups"

    def user(self, scope: Mapping[str, Any]) -> User | None:
        """Return whom the proxy names; None from elsewhere, or of nobody."""
        client = scope.get("client")
        if not client or not self._is_trusted(str(client[0])):
            return None
        headers = Headers(raw=list(scope["headers"]))
        name = headers.get(self.user_header, "").strip()
        groups = {each.strip() for each in headers.get(self.groups_header, "").split(",")}
        return User(name[:80], may_write=bool(groups & _WRITERS)) if name else None

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.addresses)


class Sessions:
    """Makes and checks sessions of accounts.

    Parameters
    ----------
    secret
        Signs the cookies; the same for every process.
    """

    def __init__(self, secret: str, accounts: Accounts, *, now: Callable[[], datetime]) -> None:
        self._secret = secret.encode()
        self._signer = URLSafeTimedSerializer(secret, salt="risk-ui-session")
        self.accounts = accounts
        self._now = now

    def begin(self, name: str) -> tuple[str, str]:
        """Return a new session's cookie and its CSRF token."""
        text = str(self._signer.dumps([name, self._now().timestamp()]))
        return text, self._csrf(text)

    def user(self, scope: Mapping[str, Any]) -> User | None:
        """Return who asks; None without a session that holds."""
        text = self.cookie_of(scope)
        if text is None:
            return None
        try:
            name, began = self._signer.loads(text, max_age=LONGEST_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return None
        account = self.accounts.live(str(name))
        if account is None or datetime.fromtimestamp(float(began), UTC) < account.sessions_from:
            return None
        return User(account.name, may_write=account.may_write)

    def is_own_form(self, scope: Mapping[str, Any]) -> bool:
        """Say whether a request that changes something comes from a page of this session."""
        text = self.cookie_of(scope)
        sent = Headers(raw=list(scope["headers"])).get("x-csrftoken", "")
        return text is not None and hmac.compare_digest(sent, self._csrf(text))

    def cookie_of(self, scope: Mapping[str, Any]) -> str | None:
        """Return the session's cookie as it was sent."""
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(Headers(raw=list(scope["headers"])).get("cookie", ""))
        except Exception:  # noqa: BLE001 - http.cookies raises several for a malformed header
            return None
        found = cookies.get(COOKIE)
        return found.value if found else None

    def _csrf(self, session: str) -> str:
        return hmac.new(self._secret, b"csrf" + session.encode(), hashlib.sha256).hexdigest()
