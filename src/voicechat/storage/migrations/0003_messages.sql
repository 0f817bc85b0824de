-- Messages and how far each person has read.

CREATE TABLE messages (
    id uuid PRIMARY KEY,  -- UUIDv7: its order is the order of time
    channel_id uuid NOT NULL REFERENCES channels ON DELETE CASCADE,
    author_id uuid REFERENCES users ON DELETE SET NULL,
    content text NOT NULL,
    encrypted boolean NOT NULL DEFAULT false,
    nonce text CHECK (char_length(nonce) BETWEEN 1 AND 64),
    reply_to uuid REFERENCES messages ON DELETE SET NULL,
    parent_id uuid REFERENCES messages ON DELETE CASCADE,
    mention_type text NOT NULL DEFAULT 'none' CHECK (mention_type IN ('none', 'user', 'here', 'everyone')),
    mentions uuid[] NOT NULL DEFAULT '{}',
    pinned boolean NOT NULL DEFAULT false,
    message_type text NOT NULL DEFAULT 'user' CHECK (message_type IN ('user', 'system')),
    idempotency_key text CHECK (char_length(idempotency_key) BETWEEN 1 AND 128),
    created_at timestamptz NOT NULL DEFAULT now(),
    edited_at timestamptz,
    deleted_at timestamptz,
    CHECK (encrypted = false OR nonce IS NOT NULL),
    CHECK (CASE WHEN deleted_at IS NULL THEN char_length(content) BETWEEN 1 AND 4000 ELSE content = '' END)
);
CREATE INDEX messages_of_channel ON messages (channel_id, id) INCLUDE (author_id) WHERE deleted_at IS NULL;
CREATE INDEX messages_reply ON messages (reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX messages_parent ON messages (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX messages_author ON messages (author_id);
CREATE UNIQUE INDEX messages_idempotency_key ON messages (author_id, channel_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

CREATE TABLE read_states (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_id uuid NOT NULL REFERENCES channels ON DELETE CASCADE,
    last_read_message_id uuid NOT NULL,
    read_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, channel_id)
);
CREATE INDEX read_states_channel ON read_states (channel_id);

-- The smallest UUIDv7 of an instant, so that "since then" can use the index on ids.
CREATE FUNCTION first_id_of(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;
