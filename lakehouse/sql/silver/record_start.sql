-- Records where a pipeline begins a partition that it never read, and of which topic it is; leaves
-- the position of a known one alone, and its topic's id unless it has none yet.
insert into silver.progress as known (pipeline, topic, part, start_off, next_off, topic_id)
values (
    %(pipeline)s, %(topic)s, %(part)s, %(start_off)s, %(start_off)s, %(topic_id)s
)
on conflict (pipeline, topic, part) do update
    set topic_id = excluded.topic_id
    where known.topic_id is null and excluded.topic_id is not null
