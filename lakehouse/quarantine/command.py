"""The quarantine's commands: ``python -m lakehouse quarantine list | show | replay``."""

import argparse
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec

from lakehouse.errors import QueryInvalid
from lakehouse.lake.session import open_lake
from lakehouse.postgres.migrate import require_current
from lakehouse.quarantine.replay import BYTES_GONE, QuarantineReplay, Selection, bytes_of, replay
from lakehouse.registry.command import own_account
from lakehouse.rules.in_force import limits_of, open_rules
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from lakehouse.silver.erasures import Event
from lakehouse.silver.recoveries import held_after, quarantined_by_code
from risk.contract.application import RejectCode
from risk.decision.judge import judge

_Clock = Callable[[], datetime]
_SHOWN: Final = 20
_SHOWN_BYTES: Final = 4_096


def add_quarantine(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", now: _Clock
) -> None:
    """Add the command ``quarantine``.

    Parameters
    ----------
    now
        The command's clock: recovered decisions carry the instant of their replay.
    """
    parser = commands.add_parser(
        "quarantine", help="list and show what was refused, and decide it after a fix"
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    listing = verbs.add_parser("list", help="how many events are held, and why")
    _add_selection(listing)
    listing.add_argument("--json", action="store_true", help="a JSON object for each code")
    listing.set_defaults(run=_list)

    showing = verbs.add_parser("show", help="events with their bytes")
    showing.add_argument("position", nargs="?", metavar="TOPIC/PART/OFF", help="one event alone")
    _add_selection(showing)
    showing.add_argument("--limit", type=int, default=_SHOWN, help=f"at most; default: {_SHOWN}")
    showing.set_defaults(run=_show)

    replaying = verbs.add_parser(
        "replay",
        help="decide what is held under the rules and the code of now; run it again after a kill",
    )
    _add_selection(replaying)
    replaying.add_argument("--dry-run", action="store_true", help="say what would be done")
    replaying.add_argument("--by", help="who; default: your account")
    replaying.add_argument("--json", action="store_true", help="what was done as one JSON object")
    replaying.set_defaults(run=partial(_replay, now))


def _add_selection(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--code",
        action="append",
        default=[],
        choices=[each.value for each in RejectCode],
        metavar="CODE",
        help="only events refused with it; may be given again",
    )
    verb.add_argument(
        "--topic", action="append", default=[], help="only events of it; may be given again"
    )


def _list(settings: Settings, options: argparse.Namespace) -> int:
    with open_silver(settings) as dsn:
        require_current(dsn)
        found = quarantined_by_code(dsn, codes=options.code, topics=options.topic)
    if options.json:
        for each in found:
            _say(msgspec.json.encode(each).decode())
        return 0
    held = sum(each.held for each in found)
    _say(f"{held:,} events in quarantine, {sum(each.recovered for each in found):,} recovered")
    for each in found:
        seen = f"{each.first_seen_at:%Y-%m-%d %H:%M} to {each.last_seen_at:%Y-%m-%d %H:%M} UTC"
        recovered = f" ({each.recovered:,} recovered)" if each.recovered else ""
        example = f", e.g. {_printable(each.example)}" if each.example else ""
        _say(f"  {each.topic} {each.code}: {each.held:,}{recovered}, {seen}{example}")
    return 0


def _show(settings: Settings, options: argparse.Namespace) -> int:
    one = None if options.position is None else _event_of(options.position)
    position, most = Event("", -1, -1), options.limit
    if one is not None:
        position, most = one._replace(off=one.off - 1), 1
    with open_silver(settings) as dsn, open_lake(settings) as lake:
        require_current(dsn)
        rows = held_after(dsn, position, most=most, codes=options.code, topics=options.topic)
        shown = [
            rows.slice(at, 1)
            for at, place in enumerate(rows.select(list(Event._fields)).to_pylist())
            if one in {None, Event(**place)}
        ]
        if not shown:
            raise QueryInvalid(
                "no such event is in quarantine: `quarantine list` says which codes are, and "
                "the lake's table recoveries what left it"
            )
        for row in shown:
            _show_one(row.to_pylist()[0], bytes_of(lake, row))
    return 0


def _show_one(row: dict[str, Any], raws: dict[int, bytes | None]) -> None:
    _say(
        f"{row['topic']}/{row['part']}/{row['off']}  {row['first_seen_at']:%Y-%m-%d %H:%M:%S} UTC  "
        f"{row['stage']}/{row['code']}: {_printable(row['reason'])}"
    )
    raw = raws[row["off"]]
    if raw is None:
        gone = "no bytes" if not row["raw_size"] else "its bytes are kept nowhere any more"
        _say(f"  {gone}")
        return
    rest = f" ... ({len(raw):,} bytes)" if len(raw) > _SHOWN_BYTES else ""
    text = raw[:_SHOWN_BYTES].decode(errors="backslashreplace")
    _say(f"  {_printable(text)}{rest}")


def _replay(now: _Clock, settings: Settings, options: argparse.Namespace) -> int:
    limits = limits_of(settings)
    with open_silver(settings) as dsn, open_lake(settings) as lake:
        require_current(dsn)
        rules = open_rules(settings, dsn)
        try:
            done = replay(
                dsn,
                lake,
                settings.lake_uri,
                lambda raws, arrived: judge(
                    raws, rules=rules(), received_at=arrived, limits=limits
                ),
                Selection(tuple(options.code), tuple(options.topic)),
                now=now(),
                by=options.by or own_account(),
                is_dry=options.dry_run,
            )
        finally:
            rules.close()
    if options.json:
        told = {
            "is_dry": options.dry_run,
            "looked_at": done.looked_at,
            "decided": done.decided,
            "duplicates": done.duplicates,
            "still_refused": done.still_refused,
        }
        _say(msgspec.json.encode(told).decode())
    else:
        _say(_in_words(done, is_dry=options.dry_run))
    return 0


def _in_words(done: QuarantineReplay, *, is_dry: bool) -> str:
    would = "would be " if is_dry else ""
    became = f"{done.decided:,} {would}decided, {done.duplicates:,} {would}duplicates"
    stay = done.still_refused.total()
    lines = [f"{done.looked_at:,} events in quarantine: {became}, {stay:,} stay"]
    lines += [
        f"  {'bytes kept nowhere any more' if code == BYTES_GONE else code}: {count:,}"
        for code, count in done.still_refused.most_common()
    ]
    return "\n".join(lines)


def _event_of(text: str) -> Event:
    topic, slash, place = text.rpartition("/")[0].rpartition("/")
    off = text.rpartition("/")[2]
    if not (slash and place.isdecimal() and off.isdecimal()):
        raise QueryInvalid(
            f"expected TOPIC/PART/OFF, as in loan_applications/0/1234, found {text!r}"
        )
    return Event(topic, int(place), int(off))


def _printable(text: str) -> str:
    """Escape text from outside, so that it cannot control the terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
