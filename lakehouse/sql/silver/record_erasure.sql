-- Keeps where erased events came from, and salted hashes of their ids.
insert into silver.erasures (
    erasure_id, erased_at, reason, salt, id_hashes, topics, parts, offs
)
values (
    %(erasure_id)s,
    %(erased_at)s,
    %(reason)s,
    %(salt)s,
    %(id_hashes)s,
    %(topics)s,
    %(parts)s,
    %(offs)s
)
