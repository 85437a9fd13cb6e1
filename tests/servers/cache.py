"""Where downloaded servers are kept between runs."""

import os
import tempfile
from pathlib import Path

_NAME = "credit-risk-monitor"


def cache_folder() -> Path:
    """Return a writable folder: TEST_CACHE, else the user's cache, else one in /tmp."""
    if told := os.environ.get("TEST_CACHE"):
        folder = Path(told).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        folder = Path(caches).expanduser() / _NAME
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):
        pass  # a user without a home
    folder = Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
