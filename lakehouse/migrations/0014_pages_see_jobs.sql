-- The pages show how each job's last run went.
grant select on silver.job_runs to risk_ui;
