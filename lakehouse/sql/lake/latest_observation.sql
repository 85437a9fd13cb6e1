-- Question: as of which day were outcomes observed last? Grain: one row, null without outcomes.
select max(observed_on) as observed_on
from outcomes
