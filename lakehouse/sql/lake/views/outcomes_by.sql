-- Question: what was known on a day of what became of the loans? Grain: one row an application
-- whose outcome was known by then. An outcome is known from the day on which the loan ended, where
-- the books say it, else from the day on which it was observed. What was observed by the day counts
-- before what a later observation dates back to before it.
create macro outcomes_by(day) as table
    select
        application_id,
        outcome,
        defaulted,
        issued_on,
        ended_on,
        recovered_usd,
        least(observed_on, coalesce(ended_on, observed_on)) as known_on
    from outcome_records
    where least(observed_on, coalesce(ended_on, observed_on)) <= day::date
    qualify
        row_number() over (
            partition by application_id
            order by
                (observed_on <= day::date) desc,
                observed_on desc,
                recorded_at desc,
                defaulted desc
        ) = 1
