-- An application whose events have ids of their own is found by its id; one whose only event bears
-- its id is found by the primary key, so that the usual feed pays for no third index.
create index decisions_of_application on silver.decisions (application_id)
where application_id <> event_id;
