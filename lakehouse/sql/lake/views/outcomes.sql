-- Question: what became of each loan, as known now? Grain: one row an application. The latest
-- observation stands; of two for the same day the one recorded later, and in one commit the graver.
create view outcomes as
select
    application_id,
    outcome,
    defaulted,
    issued_on,
    observed_on,
    source,
    recorded_at,
    ended_on,
    recovered_usd
from outcome_records
qualify
    row_number() over (
        partition by application_id
        order by observed_on desc, recorded_at desc, defaulted desc
    ) = 1
