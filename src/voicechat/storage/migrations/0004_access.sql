-- The facts that permissions are resolved from, one row for each question. The maths is access/permissions.py's.

CREATE VIEW member_facts AS
SELECT m.guild_id, m.user_id, m.joined_at,
       g.owner_id = m.user_id AS is_owner,
       coalesce(m.timed_out_until > now(), false) AS is_timed_out,
       everyone.id AS everyone_id,
       everyone.permissions AS everyone_bits,
       coalesce(own.bits, 0) AS role_bits,
       coalesce(own.rank, 0) AS rank
FROM guild_members m
JOIN guilds g ON g.id = m.guild_id
JOIN roles everyone ON everyone.guild_id = m.guild_id AND everyone.is_default
LEFT JOIN LATERAL (
    SELECT bit_or(r.permissions) AS bits, max(r.position) AS rank
    FROM member_roles mr JOIN roles r ON r.id = mr.role_id
    WHERE mr.guild_id = m.guild_id AND mr.user_id = m.user_id
) own ON true;

-- What a category or channel (place) changes for a member, summed up for each of the three steps. One row.
CREATE FUNCTION overrides_for(place uuid, member uuid, everyone uuid)
RETURNS TABLE (
    everyone_allow bigint, everyone_deny bigint,
    roles_allow bigint, roles_deny bigint,
    member_allow bigint, member_deny bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(bit_or(o.allow) FILTER (WHERE o.role_id = everyone), 0),
           coalesce(bit_or(o.deny) FILTER (WHERE o.role_id = everyone), 0),
           coalesce(bit_or(o.allow) FILTER (WHERE mr.role_id IS NOT NULL), 0),
           coalesce(bit_or(o.deny) FILTER (WHERE mr.role_id IS NOT NULL), 0),
           coalesce(bit_or(o.allow) FILTER (WHERE o.user_id = member), 0),
           coalesce(bit_or(o.deny) FILTER (WHERE o.user_id = member), 0)
    FROM permission_overrides o
    LEFT JOIN member_roles mr ON mr.guild_id = o.guild_id AND mr.user_id = member AND mr.role_id = o.role_id
    WHERE o.place_id = place
$$;

-- A member before a category: what stands there is inherited by its channels.
CREATE VIEW category_facts AS
SELECT f.guild_id, f.user_id, f.is_owner, f.is_timed_out, f.everyone_bits, f.role_bits, f.rank,
       k.id AS category_id, o.*
FROM member_facts f
JOIN categories k ON k.guild_id = f.guild_id
CROSS JOIN LATERAL overrides_for(k.id, f.user_id, f.everyone_id) o;

-- A member before a channel: first what its category changes (c_…), then what it changes itself.
CREATE VIEW channel_facts AS
SELECT f.guild_id, f.user_id, f.is_owner, f.is_timed_out, f.everyone_bits, f.role_bits, f.rank,
       c.id AS channel_id, c.channel_type,
       k.everyone_allow AS c_everyone_allow, k.everyone_deny AS c_everyone_deny,
       k.roles_allow AS c_roles_allow, k.roles_deny AS c_roles_deny,
       k.member_allow AS c_member_allow, k.member_deny AS c_member_deny,
       o.everyone_allow, o.everyone_deny, o.roles_allow, o.roles_deny, o.member_allow, o.member_deny
FROM member_facts f
JOIN channels c ON c.guild_id = f.guild_id
CROSS JOIN LATERAL overrides_for(c.category_id, f.user_id, f.everyone_id) k
CROSS JOIN LATERAL overrides_for(c.id, f.user_id, f.everyone_id) o;
