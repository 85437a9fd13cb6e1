-- Question: how many loans of each vintage reach each month on book, and how many default in it?
-- Grain: one row a vintage (a period of `grain`) and months on book. `loans_reaching` are those
-- that were issued at least so many months before `as_of`, `defaults` those of them that had
-- defaulted in that month by then. A default is dated by `outcome_records.ended_on`, which is
-- derived from the last payment, else by the day on which it was observed.
with issued as (
    select
        application_id,
        date_trunc($grain, applied_on)::date as vintage,
        datediff('month', applied_on, $as_of::date) as age
    from loans($filters)
    where applied_on <= $as_of::date
),

ages as (
    select
        vintage,
        age,
        count(*) as loans
    from issued
    group by vintage, age
),

reaching as (
    select
        ages.vintage,
        months.month,
        sum(ages.loans) as loans_reaching
    from ages
    cross join unnest(generate_series(0, ages.age)) as months (month)
    where months.month <= $longest
    group by ages.vintage, months.month
),

defaulted as (
    select
        issued.vintage,
        greatest(issued.age - datediff('month', known.known_on, $as_of::date), 0) as month,
        count(*) as defaults,
        sum(known.recovered_usd) as recovered_usd
    from issued
    inner join outcomes_by($as_of) as known on issued.application_id = known.application_id
    where known.defaulted
    group by issued.vintage, month
)

select
    reaching.vintage,
    reaching.month::integer as months_on_book,
    reaching.loans_reaching::bigint as loans_reaching,
    coalesce(defaulted.defaults, 0) as defaults,
    coalesce(defaulted.recovered_usd, 0.0) as recovered_usd
from reaching
left join defaulted on reaching.vintage = defaulted.vintage and reaching.month = defaulted.month
order by reaching.vintage, reaching.month
