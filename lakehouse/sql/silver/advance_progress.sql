-- Moves a partition's position past a batch and adds the batch to its account.
update silver.progress
set
    next_off = %(next_off)s,
    read_count = read_count + %(read)s,
    decided_count = decided_count + %(decided)s,
    duplicate_count = duplicate_count + %(duplicates)s,
    conflict_count = conflict_count + %(conflicts)s,
    quarantined_count = quarantined_count + %(quarantined)s,
    stored_at = now()
where
    pipeline = %(pipeline)s
    and topic = %(topic)s
    and part = %(part)s
