-- Every figure that the champion looks at is stored, so that its drift can be measured from the
-- decisions alone. Null in decisions of before. Columns of decisions:
-- risk.contract.application.DECISION_COLUMNS, same names and order.
alter table silver.decisions
add column public_records double precision check (public_records between 0 and 1e4);
