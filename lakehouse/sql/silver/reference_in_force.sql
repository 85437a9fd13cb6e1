-- Question: which set of reference tables holds? Grain: one row; none while it is the shipped one.
select version
from silver.reference_in_force
