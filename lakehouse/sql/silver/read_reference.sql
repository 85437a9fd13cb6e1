-- Question: which tables are in this set? Grain: one row; none if the set was never stored.
select tables
from silver.reference_sets
where version = %(version)s
