-- Question: how are PDs spread? Grain: one row a band of `width` (0 to 1), lowest first, from
-- `from_pd` up to, not including, `to_pd`; shares 0 to 1, amounts in USD.
select
    floor(pd / $width) * $width as from_pd,
    (floor(pd / $width) + 1) * $width as to_pd,
    count(*) as decisions,
    count(*) / sum(count(*)) over () as share,
    sum(amount_usd) as amount_usd
from chosen($filters)
group by floor(pd / $width)
order by from_pd
