-- Question: what did champion and challenger say of the loans whose outcome is known? Grain: one
-- row an application, its first decision, in the order of application. A default is known sooner
-- than a repayment, so a month counts only when the longest loan decided in it is past its term by
-- `grace_months` on the day as of which outcomes are known.
with paired as (
    select
        application_id,
        applied_on,
        topic,
        part,
        off,
        pd as champion_pd,
        amount_usd,
        cast(json_extract(challengers, $path) as double) as challenger_pd,
        date_trunc('month', applied_on) as month,
        coalesce(term_months, $longest_term_months) as term_months
    from decisions
    where model_version = $champion and challengers is not null
    qualify
        row_number() over (
            partition by application_id
            order by decided_at, topic, part, off
        ) = 1
),

matured as (
    select month
    from paired
    group by month
    having
        month + to_months(cast(max(term_months) as integer) + $grace_months)
        <= (select max(outcomes.observed_on) from outcomes)
)

select
    paired.application_id,
    paired.champion_pd,
    paired.challenger_pd,
    outcomes.defaulted,
    paired.month,
    paired.amount_usd
from paired
inner join matured on paired.month = matured.month
inner join outcomes on paired.application_id = outcomes.application_id
where paired.challenger_pd is not null
order by paired.applied_on, paired.topic, paired.part, paired.off
