-- Question: which of the chosen decisions stand for a loan? Grain: one row an application: the
-- decision whose event bears the application's id, else the first. Every decided application counts
-- as a loan: the lake holds accepted loans, and nothing says which offers were taken up.
create macro loans(filters) as table
    select * -- noqa: AM04
    from chosen(filters)
    where
        event_id = application_id
        or (
            event_id in (
                select arg_min(own.event_id, (own.decided_at, own.topic, own.part, own.off))
                from chosen(filters) as own
                where own.event_id <> own.application_id
                group by own.application_id
            )
            and application_id not in (
                select named.application_id
                from chosen(filters) as named
                where
                    named.event_id = named.application_id
                    and named.application_id in (
                        select own.application_id
                        from chosen(filters) as own
                        where own.event_id <> own.application_id
                    )
            )
        )
