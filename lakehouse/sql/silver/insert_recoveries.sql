-- Marks quarantined events of one partition as recovered, numbered in the order given.
insert into silver.recoveries (
    recovery_no, topic, part, off, outcome, code, recovered_at, recovered_by
)
select
    %(first_no)s::bigint + given.place - 1,
    quarantine.topic,
    quarantine.part,
    quarantine.off,
    given.outcome,
    quarantine.code,
    %(recovered_at)s,
    %(recovered_by)s
from
    unnest(%(offs)s::bigint[], %(outcomes)s::text[])
    with ordinality as given (off, outcome, place)
inner join silver.quarantine as quarantine
    on
        quarantine.topic = %(topic)s
        and quarantine.part = %(part)s
        and given.off = quarantine.off
