-- How the voices in a voice channel are to be encoded.

ALTER TABLE channels
    ADD COLUMN bitrate_kbps integer NOT NULL DEFAULT 64 CHECK (bitrate_kbps BETWEEN 8 AND 510),
    ADD COLUMN ptime_ms integer NOT NULL DEFAULT 20 CHECK (ptime_ms IN (10, 20, 40, 60));
