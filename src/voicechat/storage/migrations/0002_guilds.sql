-- Guilds and all that stands in them: members, roles, channels, permission overrides, invites, bans.

CREATE TABLE guilds (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 2 AND 100),
    owner_id uuid NOT NULL REFERENCES users,
    description text CHECK (char_length(description) <= 1000),
    icon_url text,
    member_count integer NOT NULL DEFAULT 0,  -- kept by the trigger below
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX guilds_owner ON guilds (owner_id);

CREATE TABLE guild_members (
    guild_id uuid NOT NULL REFERENCES guilds ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    nickname text CHECK (char_length(nickname) BETWEEN 1 AND 64),
    joined_at timestamptz NOT NULL DEFAULT now(),
    timed_out_until timestamptz,
    timeout_reason text CHECK (char_length(timeout_reason) <= 512),
    muted boolean NOT NULL DEFAULT false,
    deafened boolean NOT NULL DEFAULT false,
    PRIMARY KEY (guild_id, user_id)
);
CREATE INDEX guild_members_user ON guild_members (user_id);

CREATE FUNCTION count_guild_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE guilds SET member_count = member_count + 1 WHERE id = NEW.guild_id;
    ELSE
        UPDATE guilds SET member_count = member_count - 1 WHERE id = OLD.guild_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER guild_members_counted AFTER INSERT OR DELETE ON guild_members
    FOR EACH ROW EXECUTE FUNCTION count_guild_members();

-- The higher position outranks the lower; @everyone (is_default) is 0 and belongs to every member unsaid.
CREATE TABLE roles (
    id uuid PRIMARY KEY,
    guild_id uuid NOT NULL REFERENCES guilds ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    color text CHECK (color ~ '^#[0-9a-fA-F]{6}$'),
    permissions bigint NOT NULL CHECK (permissions >= 0 AND permissions < 1::bigint << 53),
    position integer NOT NULL CHECK (position >= 0),
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (is_default = (position = 0)),
    UNIQUE (guild_id, id),
    CONSTRAINT roles_position_key UNIQUE (guild_id, position) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX roles_default ON roles (guild_id) WHERE is_default;

CREATE TABLE member_roles (
    guild_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    PRIMARY KEY (guild_id, user_id, role_id),
    FOREIGN KEY (guild_id, user_id) REFERENCES guild_members ON DELETE CASCADE,
    FOREIGN KEY (guild_id, role_id) REFERENCES roles (guild_id, id) ON DELETE CASCADE
);
CREATE INDEX member_roles_role ON member_roles (role_id);

CREATE TABLE categories (
    id uuid PRIMARY KEY,
    guild_id uuid NOT NULL REFERENCES guilds ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    position integer NOT NULL CHECK (position >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (guild_id, id)
);

CREATE TABLE channels (
    id uuid PRIMARY KEY,
    guild_id uuid REFERENCES guilds ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 64),
    channel_type text NOT NULL CHECK (channel_type IN ('text', 'voice')),
    category_id uuid,
    topic text CHECK (char_length(topic) <= 1024),
    user_limit integer CHECK (user_limit BETWEEN 1 AND 99),
    position integer NOT NULL CHECK (position >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (guild_id, id),
    FOREIGN KEY (guild_id, category_id) REFERENCES categories (guild_id, id)
);
CREATE INDEX channels_category ON channels (category_id);

-- What a role or a member may do differently in a channel, or in all channels of a category.
CREATE TABLE permission_overrides (
    guild_id uuid NOT NULL REFERENCES guilds ON DELETE CASCADE,
    channel_id uuid,
    category_id uuid,
    role_id uuid,
    user_id uuid,
    allow bigint NOT NULL CHECK (allow >= 0 AND allow < 1::bigint << 53),
    deny bigint NOT NULL CHECK (deny >= 0 AND deny < 1::bigint << 53),
    place_id uuid GENERATED ALWAYS AS (coalesce(channel_id, category_id)) STORED,
    target_id uuid GENERATED ALWAYS AS (coalesce(role_id, user_id)) STORED,
    PRIMARY KEY (place_id, target_id),
    CHECK (num_nonnulls(channel_id, category_id) = 1),
    CHECK (num_nonnulls(role_id, user_id) = 1),
    CHECK (allow & deny = 0),
    FOREIGN KEY (guild_id, channel_id) REFERENCES channels (guild_id, id) ON DELETE CASCADE,
    FOREIGN KEY (guild_id, category_id) REFERENCES categories (guild_id, id) ON DELETE CASCADE,
    FOREIGN KEY (guild_id, role_id) REFERENCES roles (guild_id, id) ON DELETE CASCADE,
    FOREIGN KEY (guild_id, user_id) REFERENCES guild_members ON DELETE CASCADE
);
CREATE INDEX permission_overrides_role ON permission_overrides (role_id) WHERE role_id IS NOT NULL;
CREATE INDEX permission_overrides_member ON permission_overrides (guild_id, user_id) WHERE user_id IS NOT NULL;

CREATE TABLE invites (
    code text PRIMARY KEY,
    guild_id uuid NOT NULL REFERENCES guilds ON DELETE CASCADE,
    channel_id uuid REFERENCES channels ON DELETE SET NULL,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    max_uses integer CHECK (max_uses >= 1),
    uses integer NOT NULL DEFAULT 0 CHECK (uses <= max_uses),
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX invites_guild ON invites (guild_id);

CREATE TABLE bans (
    guild_id uuid NOT NULL REFERENCES guilds ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    reason text CHECK (char_length(reason) <= 512),
    banned_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (guild_id, user_id)
);
