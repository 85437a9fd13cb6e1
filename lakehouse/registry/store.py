"""The registry's objects in the lake: documents and a log, each object written once.

::

    LAKE/_registry/models/VERSION.json        what `risk.models.model.to_json` writes
    LAKE/_registry/models/VERSION.md          its dossier, if it came with one
    LAKE/_registry/policies/VERSION.json
    LAKE/_registry/log/00000001.json          see `lakehouse.registry.log`

Every object is created by a conditional put (If-None-Match). If two writers want the same number or
the same version, the second is told so. Loading never executes anything.
"""

from functools import cached_property
from typing import Final

import msgspec
import obstore
from obstore.exceptions import AlreadyExistsError

from lakehouse.errors import ArtefactInvalid, ChangeRefused
from lakehouse.gold.object_store import as_ours, is_remote, open_objects
from lakehouse.registry.log import Kind, LogEntry

_LOG: Final = "_registry/log"
_FOLDERS: Final = {"model": "_registry/models", "policy": "_registry/policies"}


class RegistryStore:
    """The registry's objects in one lake; every error comes up as a LakehouseError.

    `Unavailable` and `Denied` may come from every method: the lake does not answer, or does not let
    us read or write. `ArtefactInvalid` says that an object is gone, or is not what it must be.

    Parameters
    ----------
    lake_uri
        A folder, or ``s3://BUCKET/PREFIX``; that there is no registry in it yet is no error.
    """

    def __init__(self, lake_uri: str) -> None:
        is_remote(lake_uri)  # refuses an address that is neither folder nor S3
        self.lake_uri = lake_uri

    def has_entry(self, number: int) -> bool:
        """Say whether the log goes on to this number: one HEAD, or one stat."""
        with as_ours(self.lake_uri):
            try:
                self._objects.head(_entry_path(number))
            except FileNotFoundError:
                return False
        return True

    def entries(self) -> tuple[LogEntry, ...]:
        """Return the log, in order."""
        with as_ours(self.lake_uri):
            found = {each["path"] for page in self._objects.list(_LOG) for each in page}
        expected = [_entry_path(number) for number in range(1, len(found) + 1)]
        missing = [path.rpartition("/")[2] for path in expected if path not in found]
        if missing:
            raise ArtefactInvalid(
                f"{self.where(_LOG)}: expected entries 1 to {len(found)} without a gap, found none "
                f"of {', '.join(missing)}; restore the log"
            )
        return tuple(self._entry(number, path) for number, path in enumerate(expected, start=1))

    def append(self, entry: LogEntry) -> bool:
        """Append to the log; say whether the number was still free."""
        text = msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n"
        return self._create(_entry_path(entry.number), text)

    def document(self, kind: Kind, version: str) -> bytes:
        """Return a document as it is stored, unverified."""
        return self._read(_document_path(kind, version))

    def keep(self, kind: Kind, version: str, document: bytes) -> None:
        """Keep a document for ever; keeping the same bytes again changes nothing.

        Raises
        ------
        ChangeRefused
            Other bytes lie there under this version.
        """
        path = _document_path(kind, version)
        if not self._create(path, document) and self._read(path) != document:
            raise ChangeRefused(
                f"{self.where(path)} holds another document, and a version never changes; give "
                "yours a version of its own"
            )

    def keep_dossier(self, version: str, dossier: bytes) -> None:
        """Keep what a validator reads about a model, unless there is one already."""
        self._create(f"{_FOLDERS['model']}/{version}.md", dossier)

    def reference(self, version: str) -> bytes | None:
        """Return a model's reference (`risk.monitoring.reference`), if it was kept."""
        with as_ours(self.lake_uri):
            try:
                return bytes(self._objects.get(_reference_path(version)).bytes())
            except FileNotFoundError:
                return None

    def keep_reference(self, version: str, reference: bytes) -> None:
        """Keep a model's reference, unless there is one already."""
        self._create(_reference_path(version), reference)

    def where(self, path: str) -> str:
        """Return an object's address, for messages."""
        return f"{self.lake_uri.rstrip('/')}/{path}"

    def where_is(self, kind: Kind, version: str) -> str:
        """Return a document's address, for messages."""
        return self.where(_document_path(kind, version))

    @cached_property
    def _objects(self) -> obstore.store.ObjectStore:
        return open_objects(self.lake_uri)

    def _entry(self, number: int, path: str) -> LogEntry:
        try:
            entry = msgspec.json.decode(self._read(path), type=LogEntry)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise ArtefactInvalid(f"{self.where(path)}: {exc}; it was altered, restore it") from exc
        if entry.number != number:
            raise ArtefactInvalid(
                f"{self.where(path)}: expected entry {number}, found {entry.number}; "
                "restore the log"
            )
        return entry

    def _read(self, path: str) -> bytes:
        with as_ours(self.lake_uri):
            try:
                return bytes(self._objects.get(path).bytes())
            except FileNotFoundError as exc:
                raise ArtefactInvalid(
                    f"{self.where(path)} is missing; the registry never removes what it keeps. "
                    "Restore it"
                ) from exc

    def _create(self, path: str, content: bytes) -> bool:
        with as_ours(self.lake_uri):
            try:
                self._objects.put(path, content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True


def _entry_path(number: int) -> str:
    return f"{_LOG}/{number:08d}.json"


def _document_path(kind: Kind, version: str) -> str:
    return f"{_FOLDERS[kind]}/{version}.json"


def _reference_path(version: str) -> str:
    return f"{_FOLDERS['model']}/references/{version}.json"
