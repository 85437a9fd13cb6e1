-- Question: which numbers are ours? Grain: one row, the last of so many; whoever asks next waits
-- until this transaction ends.
update silver.recovery_head
set last_no = last_no + %(count)s
returning last_no
