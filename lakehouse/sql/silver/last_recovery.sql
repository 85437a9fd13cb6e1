-- Question: what is the number of the last recovery? Grain: one row.
select last_no
from silver.recovery_head
