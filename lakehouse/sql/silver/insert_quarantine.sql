-- Takes refused events in, a column each; one that is there already stays as it is.
insert into silver.quarantine (
    topic, part, off, stage, code, reason, raw_size, raw_sha256, raw, first_seen_at
)
select
    topic,
    part,
    off,
    stage,
    code,
    reason,
    raw_size,
    raw_sha256,
    raw,
    first_seen_at
from
    unnest(
        %(topic)s::text[],
        %(part)s::bigint[],
        %(off)s::bigint[],
        %(stage)s::text[],
        %(code)s::text[],
        %(reason)s::text[],
        %(raw_size)s::bigint[],
        %(raw_sha256)s::text[],
        %(raw)s::bytea[],
        %(first_seen_at)s::timestamptz[]
    )
        as refused (
            topic, part, off, stage, code, reason, raw_size, raw_sha256, raw, first_seen_at
        )
on conflict (topic, part, off) do nothing
