-- Question: up to which recovery were ranges compared again? Grain: one row.
select last_no
from silver.reconciled_recoveries
