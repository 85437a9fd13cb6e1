-- Question: whose pipeline is it? Grain: one row; nobody can claim it until this transaction ends.
select token
from silver.owner
where pipeline = %(pipeline)s
for share
