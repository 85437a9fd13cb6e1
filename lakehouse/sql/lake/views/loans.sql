-- Question: which of the chosen decisions stand for a loan? Grain: one row an application: the
-- decision whose event bears the application's id, else the first. Every decided application counts
-- as a loan: the lake holds accepted loans, and nothing says which offers were taken up.
create macro loans(filters) as table
    with own as materialized (
        select
            event_id,
            application_id,
            decided_at,
            topic,
            part,
            off
        from chosen(filters)
        where event_id <> application_id
    ),

    named as materialized (
        select application_id
        from chosen(filters)
        where event_id = application_id and application_id in (select own.application_id from own)
    ),

    first as materialized (
        select arg_min(event_id, (decided_at, topic, part, off)) as event_id
        from own
        where application_id not in (select named.application_id from named)
        group by application_id
    )

    select * -- noqa: AM04
    from chosen(filters)
    where event_id = application_id or event_id in (select first.event_id from first)
