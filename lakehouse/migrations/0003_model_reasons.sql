-- Beside a decision: why its model rates it so, and what the challengers would have said. Neither
-- decides. Columns of decisions: risk.contract.DECISION_COLUMNS, same names and order.
alter table silver.decisions
add column model_reasons text,
add column challengers text;
