-- Question: may I write from now on? Grain: one row, my token; every older token is fenced by it.
insert into silver.owner as held (pipeline, token)
values (%(pipeline)s, 1)
on conflict (pipeline) do update
    set
        token = held.token + 1,
        claimed_at = now()
returning token
