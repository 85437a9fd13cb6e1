-- Question: which decisions do the filters choose? Grain: one row a decision. `filters` is a
-- struct with the fields of `lakehouse.lake.filters.Filters`; an empty list and a null choose all.
-- What is not asked for costs nothing: constants are folded, and bounds of application dates prune
-- files.
create macro chosen(filters) as table
    select * -- noqa: AM04
    from decisions
    where
        applied_on >= coalesce(filters['from_on']::date, date '0001-01-01')
        and applied_on < coalesce(filters['to_on']::date, date '9999-12-31')
        and (
            len(filters['vintages']) = 0
            or list_contains(filters['vintages']::date[], date_trunc('month', applied_on)::date)
        )
        and (len(filters['terms']) = 0 or list_contains(filters['terms']::bigint[], term_months))
        and (len(filters['purposes']) = 0 or list_contains(filters['purposes']::varchar[], purpose))
        and (len(filters['states']) = 0 or list_contains(filters['states']::varchar[], state))
        and (len(filters['tiers']) = 0 or list_contains(filters['tiers']::varchar[], tier))
        and (
            len(filters['models']) = 0 or list_contains(filters['models']::varchar[], model_version)
        )
