-- Keeps a set of reference tables; the same content is the same version and kept once.
insert into silver.reference_sets (version, tables)
values (%(version)s, %(tables)s)
on conflict (version) do nothing
