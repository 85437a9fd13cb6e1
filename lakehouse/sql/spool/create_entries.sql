-- Makes the table of entries that wait. Grain: one row an entry, rowid rising; the entry is JSON.
create table if not exists entries (
    entry_id text primary key,
    entry blob not null
)
