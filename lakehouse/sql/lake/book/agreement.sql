-- Question: where do champion and challenger put the same applications? Grain: one row a band of
-- the champion's PD and a band of the challenger's: the number of rising `edges` below it. PDs are
-- 0 to 1.
with paired as (
    select
        pd as champion_pd,
        amount_usd,
        json_extract(challengers, $path)::double as challenger_pd
    from chosen($filters)
    where challengers is not null
)

select
    len(list_filter($edges::double[], lambda edge: champion_pd > edge)) as champion_band,
    len(list_filter($edges::double[], lambda edge: challenger_pd > edge)) as challenger_band,
    count(*) as applications,
    sum(amount_usd) as amount_usd
from paired
where challenger_pd is not null
group by champion_band, challenger_band
order by champion_band, challenger_band
