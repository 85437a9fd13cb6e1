-- Question: which entries have waited longest? Grain: one row an entry, oldest first.
select entry
from entries
order by rowid
limit $most
