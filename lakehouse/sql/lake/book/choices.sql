-- Question: which values can filters choose? Grain: one row a kind (`term`, `purpose`, `state`,
-- `model`) and value as text, in their order; nulls are left out.
with combined as (
    select
        purpose,
        state,
        model_version,
        cast(cast(term_months as integer) as varchar) as term
    from decisions
    group by all
)

select distinct
    kind,
    value
from (
    unpivot combined
    on term, purpose, state, model_version as model
    into name kind value value
)
where value is not null
order by kind, value
