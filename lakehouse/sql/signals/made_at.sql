-- Question: since when is there this silver? Grain: one row. Instants are UTC.
select min(applied_at) as made_at
from silver.migrations
