-- How far what was refused was sent on to its dead letter topic.

create table silver.relayed (
    topic text not null,
    part bigint not null,
    next_off bigint not null,
    relayed_at timestamptz not null,
    primary key (topic, part)
);

grant select, insert, update on silver.relayed to risk_writer;
grant select on silver.relayed to risk_reader, risk_ui;

comment on table silver.relayed is
'How far refused events were sent on to the dead letter topic.';
comment on column silver.relayed.topic is 'Topic that the events were read from.';
comment on column silver.relayed.part is 'Partition of the topic.';
comment on column silver.relayed.next_off is
'Offset below which every refused event was sent on.';
comment on column silver.relayed.relayed_at is 'When the last one was acknowledged.';
