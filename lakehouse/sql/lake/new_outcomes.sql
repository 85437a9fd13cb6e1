-- Question: which of the outcomes offered are news? Grain: one row a piece of news, `place` being
-- its index in the lists handed over. No news is what stands already, and what was recorded before
-- for the same day, even where a correction has replaced it since.
with offered as (
    select
        unnest($places) as place,
        unnest($application_ids) as application_id,
        unnest($outcomes) as outcome,
        unnest($issued_on)::date as issued_on,
        unnest($observed_on)::date as observed_on,
        unnest($ended_on)::date as ended_on,
        unnest($recovered_usd)::double as recovered_usd
)

select offered.place
from offered
where
    not exists (
        select 1
        from outcomes as standing
        where
            standing.application_id = offered.application_id
            and standing.outcome = offered.outcome
            and standing.issued_on is not distinct from offered.issued_on
            and standing.ended_on is not distinct from offered.ended_on
            and standing.recovered_usd is not distinct from offered.recovered_usd
    )
    and not exists (
        select 1
        from outcome_records as recorded
        where
            recorded.application_id = offered.application_id
            and recorded.outcome = offered.outcome
            and recorded.issued_on is not distinct from offered.issued_on
            and recorded.ended_on is not distinct from offered.ended_on
            and recorded.recovered_usd is not distinct from offered.recovered_usd
            and recorded.observed_on = offered.observed_on
    )
order by offered.place
