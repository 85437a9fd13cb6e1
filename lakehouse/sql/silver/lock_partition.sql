-- Question: which pipelines read this partition? Grain: one row a pipeline, locked for this
-- transaction: none of them stores a batch of it meanwhile.
select pipeline
from silver.progress
where topic = %(topic)s and part = %(part)s
order by pipeline
for no key update
