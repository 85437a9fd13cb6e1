-- Question: what does gold hold of each partition that silver knows? Grain: one row a table and
-- partition, histories left out. The digest is the same sum of hashes as in silver/ledger.sql.
select
    table_name,
    topic,
    part,
    count(*) as covered,
    sum(off)::varchar as off_sum,
    coalesce(sum(('0x' || substr(md5(content), 1, 15))::bigint), 0)::varchar as digest
from held()
where not starts_with(topic, 'history:')
group by table_name, topic, part
order by table_name, topic, part
