-- Keeps what a person decided about an application.
insert into silver.dispositions (
    application_id,
    event_id,
    tier,
    disposition,
    reason,
    note,
    expires_on,
    decided_by,
    decided_at
)
values (
    %(application_id)s,
    %(event_id)s,
    %(tier)s,
    %(disposition)s,
    %(reason)s,
    %(note)s,
    %(expires_on)s,
    %(decided_by)s,
    %(decided_at)s
)
