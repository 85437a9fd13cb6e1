-- Question: what may these roles do in silver? Grain: one row a role, object and privilege; what is
-- granted to everybody counts for each, and the schema itself stands as an empty name.
with roles as (
    select
        oid,
        rolname
    from pg_catalog.pg_roles
    where rolname = any(%(roles)s::text[])
),

objects as (
    select
        relname as object,
        relacl as acl
    from pg_catalog.pg_class
    where
        relnamespace = 'silver'::regnamespace
        and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select
        cls.relname as object,
        att.attacl as acl
    from pg_catalog.pg_attribute as att
    inner join pg_catalog.pg_class as cls on att.attrelid = cls.oid
    where cls.relnamespace = 'silver'::regnamespace and att.attacl is not null
    union all
    select
        '' as object,
        nspacl as acl
    from pg_catalog.pg_namespace
    where nspname = 'silver'
)

select distinct
    roles.rolname::text as role,
    objects.object::text as object,
    lower(granted.privilege_type) as privilege
from objects
cross join aclexplode(objects.acl) as granted
inner join roles on granted.grantee in (roles.oid, 0::oid)
order by role, object, privilege
