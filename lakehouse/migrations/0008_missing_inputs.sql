-- Beside a decision: which of its model's features had no value. Columns of decisions:
-- risk.contract.application.DECISION_COLUMNS, same names and order.
alter table silver.decisions
add column missing_inputs text;
