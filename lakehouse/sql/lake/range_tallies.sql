-- Question: what do gold's tables hold of a range of a partition? Grain: one row a table, or with
-- `by_row` one a table and offset. The digest is the same sum of hashes as silver's.
select
    table_name,
    case when $by_row then off end as at_off,
    count(*) as row_count,
    sum(off)::varchar as off_sum,
    coalesce(sum(('0x' || substr(md5(content), 1, 15))::bigint), 0)::varchar as digest
from held()
where
    topic = $topic
    and part = $part
    and off >= $first_off
    and off < $next_off
    and ($table_name is null or table_name = $table_name)
group by all
order by all
