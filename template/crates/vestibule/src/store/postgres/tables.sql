-- The tables of the session store in PostgreSQL (12 or newer), in the first schema of the
-- search path. They may be created by somebody else than the app's role, which then needs
-- SELECT on all three, and INSERT, UPDATE and DELETE on the first two. Times are Unix
-- seconds, as the app's clocks tell them; leases end by the server's clock.

CREATE TABLE IF NOT EXISTS vestibule_sessions (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    subject bytea NOT NULL CHECK (octet_length(subject) = 32),
    provider_session bytea CHECK (octet_length(provider_session) = 32),
    created_at bigint NOT NULL,
    device text NOT NULL,
    version bigint NOT NULL,
    last_seen bigint NOT NULL,
    expires_at bigint NOT NULL,
    sealed bytea NOT NULL
);

-- What is sealed cannot be compressed, and lists leave it out.
ALTER TABLE vestibule_sessions ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE INDEX IF NOT EXISTS vestibule_sessions_subject ON vestibule_sessions (subject);
CREATE INDEX IF NOT EXISTS vestibule_sessions_provider_session
    ON vestibule_sessions (provider_session) WHERE provider_session IS NOT NULL;
CREATE INDEX IF NOT EXISTS vestibule_sessions_expires_at ON vestibule_sessions (expires_at);
CREATE INDEX IF NOT EXISTS vestibule_sessions_last_seen ON vestibule_sessions (last_seen);

CREATE TABLE IF NOT EXISTS vestibule_leases (
    name bytea PRIMARY KEY CHECK (octet_length(name) = 32),
    holder bytea NOT NULL,
    ends_at timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS vestibule_leases_ends_at ON vestibule_leases (ends_at);

CREATE TABLE IF NOT EXISTS vestibule_format (version integer NOT NULL);

INSERT INTO vestibule_format SELECT 1 WHERE NOT EXISTS (SELECT FROM vestibule_format);
