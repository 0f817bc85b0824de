-- The token that followed a spent one, sealed under the spent one itself, so that the row alone gives nothing
-- away. Two tabs that refresh at the same moment both get it; it is forgotten once it was handed out again.

ALTER TABLE refresh_tokens ADD COLUMN successor bytea;
