"""Load SQL by name: one question or statement in each file below ``lakehouse/sql``."""

from functools import cache
from importlib.resources import files

from lakehouse.errors import QueryInvalid


@cache
def load_sql(name: str) -> str:
    """Return the text of ``lakehouse/sql/{name}.sql``, such as ``silver/claim_pipeline``.

    Raises
    ------
    QueryInvalid
        There is no such file.
    """
    try:
        return (files("lakehouse") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        raise QueryInvalid(f"there is no statement {name!r} in lakehouse/sql") from exc
