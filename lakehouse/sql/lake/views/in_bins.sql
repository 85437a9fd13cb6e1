-- Question: how many values are in each bin? A map from each rising edge to how many lie above the
-- one before and up to and including it; null values are in none. Without edges the column is not
-- read.
create macro in_bins(value, edges) as histogram(
    if(len(edges) = 0, null, value)::double, edges::double[]
)
