-- How well each person was connected in voice: a session for each stay in a channel, and points along it.

CREATE TABLE connection_sessions (
    id uuid PRIMARY KEY,  -- the voice session's
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    guild_id uuid REFERENCES guilds ON DELETE SET NULL,
    channel_id uuid REFERENCES channels ON DELETE SET NULL,
    started_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX connection_sessions_user ON connection_sessions (user_id, id DESC);
CREATE INDEX connection_sessions_seen ON connection_sessions (last_seen_at);
CREATE INDEX connection_sessions_guild ON connection_sessions (guild_id);
CREATE INDEX connection_sessions_channel ON connection_sessions (channel_id);

-- What the server measured, on average over half a minute: up is from the person to us. Null is unknown.
CREATE TABLE connection_samples (
    session_id uuid NOT NULL REFERENCES connection_sessions ON DELETE CASCADE,
    at timestamptz NOT NULL,
    rtt_ms real,
    loss_up_percent real,
    loss_down_percent real,
    jitter_up_ms real,
    jitter_down_ms real,
    quality smallint NOT NULL CHECK (quality BETWEEN 0 AND 3),  -- unknown, poor, fair, good
    PRIMARY KEY (session_id, at)
);
CREATE INDEX connection_samples_at ON connection_samples USING brin (at);
