-- Question: is an application within the limits? `limits` is a struct with the largest PD and the
-- early warning's four thresholds, the fields of `lakehouse.monitoring.limits.ApprovalLimits`. A
-- missing figure meets no condition, as in a policy.
create macro is_approved(
    limits, probability, dti, utilisation, delinquencies, inquiries
) as
probability <= limits['pd']
and not (
    (
        coalesce(dti >= limits['dti_pct'], false)
        or coalesce(utilisation >= limits['utilisation_pct'], false)
    )
    and (
        coalesce(delinquencies > limits['delinquencies_2y'], false)
        or coalesce(inquiries >= limits['inquiries_6m'], false)
    )
)
