-- Where a guild puts those who have been silent in voice for a while, and how long that is.

ALTER TABLE guilds
    ADD COLUMN afk_channel_id uuid REFERENCES channels ON DELETE SET NULL,
    ADD COLUMN afk_timeout_s integer NOT NULL DEFAULT 300
        CONSTRAINT guilds_afk_timeout_check CHECK (afk_timeout_s BETWEEN 60 AND 3600);
CREATE INDEX guilds_afk_channel ON guilds (afk_channel_id) WHERE afk_channel_id IS NOT NULL;
