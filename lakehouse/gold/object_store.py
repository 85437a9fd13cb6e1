"""Where gold's Delta tables are, how long the store may take, and how its errors are reported.

The lake is a folder, or ``s3://BUCKET/PREFIX`` with the usual ``AWS_*`` variables, which the
libraries read themselves. Errors become a LakehouseError with one line that names the address.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import quote

import obstore
import pyarrow as pa
import pyarrow.fs
from deltalake import DeltaTable
from deltalake.exceptions import (
    DeltaError,
    DeltaProtocolError,
    SchemaMismatchError,
    TableNotFoundError,
)
from obstore.exceptions import AlreadyExistsError, BaseError

from lakehouse.errors import (
    Denied,
    SchemaDiffers,
    SettingsInvalid,
    StoresDisagree,
    Unavailable,
)

PROBE_SECONDS: Final = 10.0

# One attempt ends within these; the loop around it waits, looks what became of it, and tries again.
DELTA_OPTIONS: Final = {
    "connect_timeout": "5s",
    "timeout": "20s",
    "max_retries": "3",
    "retry_timeout": "20s",
}

_S3: Final = "s3://"
_ESCAPED_ESCAPE: Final = re.compile("%25[0-9A-Fa-f]{2}")
_MISREAD: Final = re.compile(r"%[0-9A-Fa-f]{2}|\\")
_PROBE_NAME: Final = "_probe"
_PROBE_TEXT: Final = b"A start of the flow asks whether this store refuses to write it twice.\n"
_LONGEST_LINE: Final = 400
_THEIRS: Final = (OSError, DeltaError, BaseError, pa.ArrowException)
_S3_ERROR: Final = re.compile(
    r"(?:<\?xml[^>]*>\s*)?<Error>.*?<Code>(\w+)</Code>.*?(?:</Error>|$)", re.DOTALL
)
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_DENIED: Final = re.compile(
    "401 Unauthorized|403 Forbidden|AccessDenied|PermissionDenied|Permission denied"
)
_HINTS: Final = (
    (_DENIED, "let its user list, read and write there, or name other credentials"),
    (re.compile("NoSuchBucket"), "create the bucket, or correct RISK_LAKE_URI"),
    (
        re.compile("URL scheme is not allowed|BadScheme"),
        "the endpoint is plain http: set AWS_ALLOW_HTTP=true, or use https",
    ),
    (
        re.compile(r"169\.254\.169\.254"),
        "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
)
_HINT: Final = "start the store, or correct RISK_LAKE_URI and the AWS_ variables"


def is_remote(lake_uri: str) -> bool:
    """Say whether the lake is in an object store; refuse an address that is neither.

    Raises
    ------
    SettingsInvalid
        The address has a scheme other than ``s3``.
    """
    if "://" in lake_uri and not lake_uri.startswith(_S3):
        raise SettingsInvalid(
            f"RISK_LAKE_URI is {lake_uri!r}: expected a folder or s3://BUCKET/PREFIX"
        )
    return lake_uri.startswith(_S3)


def table_uri(lake_uri: str, name: str) -> str:
    """Return the address of one table of the lake.

    Raises
    ------
    SettingsInvalid
        The address has a scheme other than ``s3``, or one that the Delta library would look for
        elsewhere: in a folder's path it takes ``%20`` for a space and a backslash for a slash, and
        in a prefix an escaped escape for what it escapes.
    """
    is_in_store = is_remote(lake_uri)
    place = lake_uri.rstrip("/") if is_in_store else str(Path(lake_uri).absolute())
    if misread := (_ESCAPED_ESCAPE if is_in_store else _MISREAD).search(place):
        raise SettingsInvalid(
            f"RISK_LAKE_URI leads to {place}: expected an address without {misread[0]!r}, which "
            "the Delta library reads as something else; rename the folder, or choose another"
        )
    return f"{place}/{name}" if is_in_store else str(Path(place) / name)


def delta_address(uri: str) -> str:
    """Return a table's address as the Delta library takes it."""
    return _as_url(uri) if is_remote(uri) else uri


def open_table(uri: str) -> DeltaTable | None:
    """Open a Delta table at its newest version; ``None`` if there is none.

    The libraries' own errors pass through: only the caller knows whether they may pass.
    """
    try:
        return DeltaTable(delta_address(uri), storage_options=dict(DELTA_OPTIONS))
    except TableNotFoundError:
        return None


def arrow_filesystem(uri: str) -> pyarrow.fs.FileSystem:
    """Return Arrow's own file system, rooted at a table.

    deltalake's default one calls back into Python from Arrow's threads: a scan that a ``limit``
    ended early then hung or crashed one process in two at its exit.
    """
    if is_remote(uri):
        filesystem, path = pyarrow.fs.FileSystem.from_uri(_as_url(uri))
    else:
        filesystem, path = pyarrow.fs.LocalFileSystem(), uri
    return pyarrow.fs.SubTreeFileSystem(path, filesystem)


def probe(lake_uri: str, *, timeout_seconds: float = PROBE_SECONDS) -> None:
    """Prove that the lake answers, may be written to, and never overwrites on a conditional put.

    Delta's commits rest on ``If-None-Match``: a store that ignores it lets two writers commit the
    same version, and one of the two is lost. The proof is one small object, ``_probe``, which
    stays there.

    Raises
    ------
    Unavailable
        No answer in time, or none of use.
    Denied
        The store refuses our credentials; the message names the path.
    SchemaDiffers
        The store overwrote an object that it was asked to create.
    """
    failures: list[BaseException] = []

    def attempt() -> None:
        try:
            _prove_conditional_put(lake_uri)
        except BaseException as exc:  # noqa: BLE001 - handed to the caller's thread below
            failures.append(exc)

    # The library's own time limits do not cover name look-ups and credential services.
    thread = threading.Thread(target=attempt, name="lake-probe", daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    if thread.is_alive():
        raise Unavailable(
            f"the lake at {lake_uri} gave no answer within {timeout_seconds:g} s; {_HINT}"
        )
    if failures:
        raise_as_ours(lake_uri, failures[0])


def open_objects(lake_uri: str) -> obstore.store.ObjectStore:
    """Open the lake as plain objects; a folder is made if it is not there.

    The library's own errors pass through.
    """
    if is_remote(lake_uri):
        # No client options: given any, it would not read AWS_ALLOW_HTTP.
        return obstore.store.from_url(
            _as_url(lake_uri),
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=8)},
        )
    return obstore.store.LocalStore(Path(lake_uri).absolute(), mkdir=True)


def _prove_conditional_put(lake_uri: str) -> None:
    store = open_objects(lake_uri)
    for _ in range(2):
        try:
            store.put(_PROBE_NAME, _PROBE_TEXT, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return
    raise SchemaDiffers(
        f"the lake at {lake_uri} overwrote an object that it was asked to create only if absent "
        "(If-None-Match): two writers would lose each other's rows there. Use a store that "
        "supports conditional puts, such as AWS S3 or SeaweedFS after 4.16"
    )


def _as_url(uri: str) -> str:
    """Write an S3 address as a URL; what is escaped in it already (``%20``) stays so."""
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", uri.removeprefix(_S3))
    return _S3 + "".join(
        piece if place % 2 else quote(piece, safe="/+=&,:@!$'()*;~")
        for place, piece in enumerate(pieces)
    )


def is_denied(exc: BaseException) -> bool:
    """Say whether the store refuses our credentials, which waiting does not mend."""
    return isinstance(exc, PermissionError) or _DENIED.search(str(exc)) is not None


@contextmanager
def as_ours(uri: str) -> Iterator[None]:
    """Raise a library's error within the block as the LakehouseError it amounts to."""
    try:
        yield
    except Exception as exc:  # noqa: BLE001 - every failure of the store is translated
        raise_as_ours(uri, exc)


def raise_as_ours(uri: str, exc: BaseException) -> NoReturn:
    """Raise a library's error as the LakehouseError it amounts to.

    Raises
    ------
    LakehouseError
        Denied, SchemaDiffers, StoresDisagree or else Unavailable, whose line names `uri`; what is
        no error of a store is raised as it is.
    """
    if not isinstance(exc, _THEIRS):
        raise exc
    said = in_one_line(exc)
    if isinstance(exc, TableNotFoundError):
        raise StoresDisagree(
            f"the table at {uri} is gone: it was removed or moved; restore it, or start anew with "
            "another RISK_PIPELINE and RISK_LAKE_URI"
        ) from exc
    if isinstance(exc, SchemaMismatchError | DeltaProtocolError):
        raise SchemaDiffers(
            f"the table at {uri} has another shape than this code writes: {said}"
        ) from exc
    hint = next((hint for pattern, hint in _HINTS if pattern.search(str(exc))), _HINT)
    if is_denied(exc):
        raise Denied(f"the lake at {uri} refuses us: {said}; {hint}") from exc
    raise Unavailable(f"the lake at {uri} is not available: {said}; {hint}") from exc


def in_one_line(exc: BaseException) -> str:
    """Return what an error says, without colours, line breaks and its debug form."""
    text = _COLOURS.sub("", str(exc)).partition("Debug source:")[0]
    text = _S3_ERROR.sub(r"\1", text)
    pieces = (" ".join(piece.split()) for piece in text.split("↳"))
    line = ": ".join(piece for piece in pieces if piece) or type(exc).__name__
    if len(line) <= _LONGEST_LINE:
        return line
    # The beginning says what was tried and where, the end says what happened.
    half = _LONGEST_LINE // 2
    return f"{line[:half]} ... {line[-half:]}"
