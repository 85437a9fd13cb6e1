"""Large browser libraries, kept compressed and served that way.

plotly.js-cartesian-dist-min 2.35.2 (npm, MIT licence in this folder): a third of the size of what
Dash would load instead.
"""

import gzip
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Request, Response

PLOTLY: Final = "plotly-cartesian-2.35.2.min.js"
_FOREVER: Final = "public, max-age=31536000, immutable"


def serve(server: FastAPI) -> None:
    """Serve the library under ``/vendor``."""

    @server.get(f"/vendor/{PLOTLY}", include_in_schema=False)
    async def plotly(request: Request) -> Response:
        headers = {"cache-control": _FOREVER, "vary": "accept-encoding"}
        body = _packed()
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
        else:
            body = gzip.decompress(body)
        return Response(body, media_type="text/javascript", headers=headers)


@cache
def _packed() -> bytes:
    return (files("ui.vendor") / f"{PLOTLY}.gz").read_bytes()
