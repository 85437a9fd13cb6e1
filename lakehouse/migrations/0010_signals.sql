-- What jobs did and which alerts fired, kept where every process can read it: a job that ended
-- serves no metrics of its own.
create table silver.job_runs (
    job text not null,
    began_at timestamptz not null,
    ended_at timestamptz,
    outcome text not null default 'running' check (outcome in ('running', 'ok', 'failed')),
    cause text, -- the error's code, of a run that failed
    figures jsonb not null default '{}',
    primary key (job, began_at)
);

create table silver.alerts (
    fingerprint text not null, -- Alertmanager's, of the labels
    began_at timestamptz not null,
    ended_at timestamptz,
    name text not null,
    severity text not null,
    labels jsonb not null,
    annotations jsonb not null,
    received_at timestamptz not null,
    primary key (fingerprint, began_at)
);
create index alerts_newest on silver.alerts (began_at desc);

-- Whoever takes alerts from Alertmanager needs to read and write these only.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'risk_alerts') then
        begin
            create role risk_alerts nologin;
        exception
            when duplicate_object or unique_violation then
                null;
            when insufficient_privilege then
                raise exception 'role risk_alerts is missing'
                using errcode = 'insufficient_privilege', constraint = 'missing role risk_alerts';
        end;
    end if;
end
$$;

-- The matrix of lakehouse.postgres.roles.PRIVILEGES, which a test compares with the catalogue.
grant usage on schema silver to risk_alerts;
grant select on silver.migrations to risk_alerts;
grant select, insert, update on silver.alerts to risk_alerts;
grant select, insert, update on silver.job_runs to risk_writer;
grant select on silver.job_runs, silver.alerts to risk_reader;
