-- How many screens may be shared in a voice channel at a time.

ALTER TABLE channels
    ADD COLUMN max_screen_shares integer NOT NULL DEFAULT 6
        CONSTRAINT channels_max_screen_shares_check CHECK (max_screen_shares BETWEEN 1 AND 16);
