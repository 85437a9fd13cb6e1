-- Question: which histories were loaded without silver? Grain: one row a topic.
select distinct topic
from raw_events
where starts_with(topic, 'history:')
order by topic
