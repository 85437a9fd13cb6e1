"""The colours of both schemes; no other module states a colour."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Scheme = Literal["light", "dark"]

FONT: Final = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"

_LIGHT: Final = {
    "page": "#F5F6F8",
    "card": "#FFFFFF",
    "line": "#E3E7ED",
    "grid": "#EDF0F4",
    "axis": "#C9D0DA",
    "text": "#0F172A",
    "text2": "#475467",
    "text3": "#667085",
    "accent": "#3451B2",
    "accent-soft": "#EEF1FB",
    "accent-band": "rgba(52,81,178,.18)",
    "accent-pale": "#B4BFE3",
    "ghost": "#98A2B3",
    "low": "#5F92CB",
    "elevated": "#C08318",
    "watchlist": "#9B1150",
    "watchlist-band": "rgba(155,17,80,.18)",
    "ok": "#0B7A5B",
    "ok-soft": "#E7F5F0",
    "warn": "#96620A",
    "warn-soft": "#FCF3E0",
    "bad": "#B42318",
    "bad-soft": "#FDECEA",
    "void": "#F0F2F5",
    "heat-0": "#EEF2FB",
    "heat-1": "#D3DDF5",
    "heat-2": "#F3D9A6",
    "heat-3": "#E3A23C",
    "heat-4": "#C05A1A",
    "heat-5": "#8A2A12",
    "on-void": "#475467",
    "on-heat": "#3A2A00",
    "on-deep": "#FFFFFF",
    "shadow": "0 1px 2px rgba(16,24,40,.05)",
}

_DARK: Final = {
    "page": "#0C1017",
    "card": "#141922",
    "line": "#262E3B",
    "grid": "#202734",
    "axis": "#3A4454",
    "text": "#E7EAF0",
    "text2": "#AAB3C2",
    "text3": "#8590A2",
    "accent": "#8FA6FF",
    "accent-soft": "#1C2437",
    "accent-band": "rgba(143,166,255,.18)",
    "accent-pale": "#47537F",
    "ghost": "#6B7688",
    "low": "#4A7FC1",
    "elevated": "#E0AE3F",
    "watchlist": "#F2588A",
    "watchlist-band": "rgba(242,88,138,.18)",
    "ok": "#4CC9A0",
    "ok-soft": "#12281F",
    "warn": "#E8B23A",
    "warn-soft": "#2B2310",
    "bad": "#FF8A80",
    "bad-soft": "#321A18",
    "void": "#1B212C",
    "heat-0": "#1D2740",
    "heat-1": "#2A3A63",
    "heat-2": "#5B4416",
    "heat-3": "#8F6418",
    "heat-4": "#C4581C",
    "heat-5": "#E8825A",
    "on-void": "#AAB3C2",
    "on-heat": "#FFF1D6",
    "on-deep": "#1A0F08",
    "shadow": "none",
}

SCHEMES: Final[Mapping[Scheme, Mapping[str, str]]] = MappingProxyType(
    {"light": MappingProxyType(_LIGHT), "dark": MappingProxyType(_DARK)}
)
"""Each scheme's colours by name."""

TIER_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"Low": "low", "Elevated": "elevated", "Watchlist": "watchlist"}
)
"""Each tier's colour by its name in `SCHEMES`, mildest tier first."""


def as_css(*, by_system: bool = False) -> str:
    """Return both schemes as custom properties: `--accent` and so on.

    With `by_system` the system's preference chooses, where no script runs that could.
    """

    def block(selector: str, scheme: Scheme) -> str:
        return selector + "{" + "".join(f"--{k}:{v};" for k, v in SCHEMES[scheme].items()) + "}"

    light = block(":root", "light")
    if by_system:
        return light + "@media(prefers-color-scheme:dark){" + block(":root", "dark") + "}"
    return light + block(":root[data-mantine-color-scheme=dark]", "dark")
