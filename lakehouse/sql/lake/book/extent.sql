-- Question: what does the book hold to choose from? Grain: one row; lists rise, nulls left out.
select
    count(*) as decisions,
    min(applied_on) as first_on,
    max(applied_on) as last_on,
    max(decided_at) as last_decided_at,
    list_sort(list(distinct cast(term_months as integer))) as terms,
    list_sort(list(distinct purpose)) as purposes,
    list_sort(list(distinct state)) as states,
    list_sort(list(distinct model_version)) as models
from decisions
