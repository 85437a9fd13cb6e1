-- Keeps for the auditor which offsets a start skipped, and the reason given; once each.
insert into silver.position_losses (pipeline, topic, part, store, from_off, to_off, reason)
values (%(pipeline)s, %(topic)s, %(part)s, %(store)s, %(from_off)s, %(to_off)s, %(reason)s)
on conflict (pipeline, topic, part, store, from_off, to_off) do nothing
