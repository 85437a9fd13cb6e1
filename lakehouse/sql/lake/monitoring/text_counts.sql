-- Question: how often does each text of a feature occur, by period? Grain: one row a period of
-- `grain` and text; null where the application states none.
select
    date_trunc($grain, applied_on)::date as period,
    case $feature
        when 'purpose' then purpose
        when 'home_ownership' then home_ownership
        when 'state' then state
    end as value,
    count(*) as decisions
from chosen($filters)
group by period, value
order by period, value
