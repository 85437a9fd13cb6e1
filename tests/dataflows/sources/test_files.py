from __future__ import annotations

import bz2
import gzip
import io
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from backports import zstd

from dataflows.files.container import look_into
from dataflows.files.lines import Bytes, FileDamaged
from dataflows.sources.files import FileBatch, FileReader, open_file, open_files
from dataflows.sources.urls import FileSource
from lakehouse.errors import PositionLost, SettingsInvalid

HEADER = b"id,loan_amnt,term,int_rate,desc,emp_title\n"
AS_THE_COMMAND: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda content: zstd.compress(content, options=AS_THE_COMMAND),
}


def a_zip(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def a_reader(path: Path, content: bytes) -> FileReader:
    path.write_bytes(content)
    return open_file(FileSource(str(path)))


def all_of(reader: FileReader, start: int = 0) -> list[tuple[int, bytes]]:
    return [
        pair
        for batch in reader.read(start, max_records=3, max_bytes=1 << 20)
        for pair in zip(batch.offsets, batch.values, strict=True)
    ]


def read_until_damage(reader: FileReader) -> tuple[list[bytes], FileDamaged]:
    values: list[bytes] = []
    batches = reader.read(0, max_records=1_000, max_bytes=1 << 20)
    with pytest.raises(FileDamaged) as damage:
        values.extend(value for batch in batches for value in batch.values)
    return values, damage.value


@pytest.mark.parametrize("ending", PACK)
def test_every_line_of_a_json_lines_file_is_an_event_at_its_line_number(
    tmp_path: Path, ending: str
) -> None:
    reader = a_reader(tmp_path / f"a.jsonl{ending}", PACK[ending](b'{"id":1}\n\n{"id":2}\r\n{'))
    assert all_of(reader) == [(0, b'{"id":1}'), (1, b""), (2, b'{"id":2}\r'), (3, b"{")]


def test_a_file_is_a_topic_named_by_its_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert a_reader(Path("a.jsonl"), b"").topic == str(tmp_path.resolve() / "a.jsonl")


def test_a_batch_ends_at_the_record_count_or_with_the_record_that_reaches_the_size(
    tmp_path: Path,
) -> None:
    reader = a_reader(tmp_path / "a.jsonl", b"aaaa\nbb\ncc\ndd\n")
    batches = list(reader.read(0, max_records=2, max_bytes=4))
    assert [batch.values for batch in batches] == [[b"aaaa"], [b"bb", b"cc"], [b"dd"]]
    assert [(batch.first_off, batch.next_off) for batch in batches] == [(0, 1), (1, 3), (3, 4)]


@pytest.mark.parametrize("ending", PACK)
def test_reading_on_from_any_position_yields_exactly_what_was_left(
    tmp_path: Path, ending: str
) -> None:
    rows = b"".join(b'%d,%d, 36 months,13.56%%,"two\nlines",\n' % (i, i + 1) for i in range(50))
    reader = a_reader(tmp_path / f"a.csv{ending}", PACK[ending](HEADER + rows))
    whole = all_of(reader)
    for done, (offset, _) in enumerate(whole, 1):
        assert all_of(reader, offset + 1) == whole[done:]


def test_a_long_file_is_read_the_same_whole_or_resumed(tmp_path: Path) -> None:
    chance = random.Random(7)
    lines = [chance.randbytes(chance.randrange(3_000)).hex().encode() for _ in range(2_000)]
    reader = a_reader(tmp_path / "a.jsonl.gz", gzip.compress(b"\n".join(lines), 1))
    assert [value for _, value in all_of(reader)] == lines
    assert all_of(reader, 1_234) == list(enumerate(lines))[1_234:]


def test_a_position_at_the_end_has_nothing_left(tmp_path: Path) -> None:
    assert all_of(a_reader(tmp_path / "ended.jsonl", b"a\nb\n"), 2) == []
    assert all_of(a_reader(tmp_path / "open.jsonl", b"a\nb"), 2) == []


@pytest.mark.parametrize("content", [b"", b"a\n", b"a\nb", b"a\nb\n"])
def test_a_position_beyond_the_end_is_lost(tmp_path: Path, content: bytes) -> None:
    reader = a_reader(tmp_path / "a.jsonl", content)
    lines = len(content.splitlines())
    with pytest.raises(PositionLost, match=rf"at least 3 lines, found {lines}; .*replaced or cut"):
        all_of(reader, 3)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_the_whole_lines_before_a_cut_flow_before_the_stop(tmp_path: Path, ending: str) -> None:
    chance = random.Random(3)
    lines = [chance.randbytes(400).hex().encode() for _ in range(1_000)]
    packed = PACK[ending](b"\n".join(lines))
    reader = a_reader(tmp_path / f"a.jsonl{ending}", packed[: len(packed) * 3 // 4])
    values, damage = read_until_damage(reader)
    assert len(values) > 500
    assert values == lines[: len(values)]
    assert f"end of the file at byte {len(packed) * 3 // 4}: it was cut off" in str(damage)
    assert damage.exit_code == 1


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_damage_inside_is_a_stop_that_says_where(tmp_path: Path, ending: str) -> None:
    chance = random.Random(3)
    lines = [chance.randbytes(400).hex().encode() for _ in range(2_000)]
    packed = bytearray(PACK[ending](b"\n".join(lines)))
    middle = len(packed) // 2
    packed[middle : middle + 20_000] = b"\xff" * 20_000
    values, damage = read_until_damage(a_reader(tmp_path / f"a.jsonl{ending}", bytes(packed)))
    assert len(values) > 500
    assert values[:500] == lines[:500]
    assert "found damage shortly before byte" in str(damage)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_files_that_were_joined_are_one(tmp_path: Path, ending: str) -> None:
    content = PACK[ending](b"a\nb") + PACK[ending](b"c\nd\n")
    assert [value for _, value in all_of(a_reader(tmp_path / f"a.jsonl{ending}", content))] == [
        b"a",
        b"bc",
        b"d",
    ]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_small_file_that_unfolds_to_much_is_read_in_bounded_memory(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"a.jsonl{ending}"
    path.write_bytes(PACK[ending](b"x" * (64 << 20)))
    tracemalloc.start()
    try:
        assert sum(map(len, Bytes(path, look_into(path).compression))) == 64 << 20
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_a_zstd_file_may_begin_with_a_frame_to_skip(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"1234"
    reader = a_reader(tmp_path / "a.jsonl.zst", skippable + PACK[".zst"](b"a\n"))
    assert all_of(reader) == [(0, b"a")]


def test_zeros_after_a_gzip_member_are_padding(tmp_path: Path) -> None:
    reader = a_reader(tmp_path / "a.jsonl.gz", gzip.compress(b"a\n") + bytes(512))
    assert all_of(reader) == [(0, b"a")]


def test_a_line_far_above_any_limit_is_cut_instead_of_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.files.lines.LINE_LIMIT", 300_000)
    reader = a_reader(tmp_path / "a.jsonl", b"a\n" + b"x" * 2_000_000 + b"\nb\n")
    assert [(offset, len(value)) for offset, value in all_of(reader)] == [
        (0, 1),
        (1, 300_000),
        (2, 1),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "no header within the first 20 lines"),
        ("a.csv", b"", "found an empty file"),
        ("a.csv", b"a,b\n1,2\n", "expected column names such as id,loan_amnt"),
        ("a.csv.bz2", bz2.compress(HEADER), "found bzip2; unpack it"),
        ("a.csv", b"<!DOCTYPE html><html>", "found a web page or XML; download the file itself"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\n", "run git lfs pull"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1", "in Excel, save it as CSV"),
        ("a.json", b'[{"id": 1}]', "one JSON object a line, found one JSON array"),
        ("a.json", b'{"id":{"0":7,"1":8}}', "found one JSON object that holds a whole table"),
        ("a.json", b'{"0":{"id":7}}', "JSON object that holds a whole table; write lines"),
        ("a.json", b'{"columns":["id"],"index":[0]}', "found one JSON object that holds a whole"),
        ("a.json", b'{\n  "id": 7\n}', "found a JSON object over several lines"),
        ("a.csv.gz", gzip.compress(gzip.compress(HEADER)), "another compressed file; unpack it"),
        ("a.xlsx", a_zip({"[Content_Types].xml": b"", "xl/a.xml": b""}), "save it as CSV"),
        ("a.zip", a_zip({"a.csv": HEADER, "b.csv": HEADER}), "found 2 (a.csv, b.csv); unpack it"),
        ("a.zip", a_zip({}), "found 0 (none)"),
        ("a.zip", b"PK\x03\x04 not really", "expected a whole zip file"),
        ("a.csv", b"id,loan_amnt,id\n", "names 'id' twice"),
        ("a.parquet", b"PAR1 not really", "expected a whole Parquet file"),
    ],
    # Compressed bytes hold the time they were made at: as a name they would differ by process.
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,
)
def test_a_file_of_a_kind_that_is_not_read_is_refused_at_the_start(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        a_reader(tmp_path / name, content)
    assert says in str(refused.value)
    assert str(tmp_path / name) in str(refused.value)


def test_a_missing_file_is_refused_naming_its_absolute_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"gone\.csv: expected a file, found nothing"):
        open_file(FileSource(str(tmp_path / "gone.csv")))


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_SUCCESS").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(HEADER)
    with pytest.raises(SettingsInvalid, match="found none that is not empty or hidden"):
        open_files(FileSource(str(tmp_path)))


@pytest.mark.parametrize("written", ["", "LoanStats_2018Q*.csv"])
def test_a_folder_or_a_pattern_is_one_topic_in_the_order_of_the_names(
    tmp_path: Path, written: str
) -> None:
    for name in ("LoanStats_2018Q10.csv", "LoanStats_2018Q2.csv", "_SUCCESS"):
        (tmp_path / name).write_bytes(HEADER + f"{name[15:-4]},1,,,,\n".encode())
    readers = open_files(FileSource(str(tmp_path / written)))
    ids = [msgspec.json.decode(value)["id"] for each in readers for _, value in all_of(each)]
    assert ids == ["2", "10"]
    assert {each.topic for each in readers} == {str((tmp_path / written).resolve())}


def test_a_file_is_what_its_content_is_whatever_it_is_called(tmp_path: Path) -> None:
    table = HEADER + b"1,1,,,,\n"
    for name, content in (
        ("a.gzip", table),
        ("a", gzip.compress(table)),
        ("a.csv.zip", a_zip({"a/b.csv": table, "__MACOSX/._b.csv": b"x"})),
    ):
        reader = a_reader(tmp_path / name, content)
        assert [offset for offset, _ in all_of(reader)] == [1]


def test_how_much_was_read_is_known_for_streamed_files(tmp_path: Path) -> None:
    reader = a_reader(tmp_path / "a.jsonl", b"a\nb\n")
    assert reader.share_read == 0
    all_of(reader)
    assert reader.share_read == 1


def test_nothing_is_foreign_in_json_lines(tmp_path: Path) -> None:
    reader = a_reader(tmp_path / "a.jsonl", b"Total amount funded\n")
    assert list(reader.read(0, max_records=9, max_bytes=9)) == [
        FileBatch(0, 1, [0], [b"Total amount funded"], {})
    ]


def test_the_reference_events_are_read_as_they_were_archived(shared_data: Path) -> None:
    reader = open_file(FileSource(str(shared_data / "events_reference.jsonl.gz")))
    pairs = all_of(reader)
    assert [offset for offset, _ in pairs] == list(range(767))
    assert len({msgspec.json.decode(value)["id"] for _, value in pairs}) == 667
