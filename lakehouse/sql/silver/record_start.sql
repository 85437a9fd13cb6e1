-- Records where a pipeline begins a partition that it never read; leaves a known one alone.
insert into silver.progress (pipeline, topic, part, start_off, next_off)
values (%(pipeline)s, %(topic)s, %(part)s, %(start_off)s, %(start_off)s)
on conflict (pipeline, topic, part) do nothing
