-- Question: does silver answer, and is it silver? Grain: one row.
select count(*) as tables
from pg_catalog.pg_class
where oid = 'silver.decisions'::regclass
