-- Lets one transaction at a time add to the chain; the others wait until it has ended.
select pg_advisory_xact_lock(%(lock)s)
