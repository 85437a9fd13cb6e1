-- Puts a stored set of reference tables in force, in place of the one before.
insert into silver.reference_in_force (version)
values (%(version)s)
on conflict (is_only) do update
    set
        version = excluded.version,
        since = now()
