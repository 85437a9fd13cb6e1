"""What becomes of the records of files, decided without any store."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from dataflows.files.columns import APPLICATIONS
from dataflows.files.forms import FileForms
from dataflows.sources.files import open_files
from dataflows.sources.urls import FileSource
from risk.decision.judge import judge
from risk.frame.frame import Frame, concat
from tests.risk.applications import rules

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Seen:
    """What became of the records of a source."""

    def __init__(self, path: Path, forms: FileForms | None = None) -> None:
        frames: list[Frame] = []
        self.refused: Counter[str] = Counter()
        self.reasons: list[str] = []
        self.said: list[str] = []
        for reader in open_files(FileSource(str(path), forms or FileForms()), needs=APPLICATIONS):
            self.said.append(reader.said)
            for batch in reader.read(0, max_records=10_000, max_bytes=1 << 30):
                events = [
                    None if row in batch.foreign else value
                    for row, value in enumerate(batch.values)
                ]
                verdicts = judge(events, rules=rules(), received_at=NOW)
                for reject in verdicts.rejects:
                    remark = batch.foreign.get(reject.row, reject)
                    self.refused[remark.code.value] += 1
                    self.reasons.append(remark.reason)
                frames.append(verdicts.decided)
        self.decided = concat(frames) if frames else {}

    @property
    def count(self) -> int:
        return len(self.decided.get("row", ()))
