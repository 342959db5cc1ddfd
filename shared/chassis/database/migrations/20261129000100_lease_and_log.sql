-- migrate:up

-- Who may send a shard of the journal, and until when by this server's clock. Each new holder has a higher epoch.
CREATE TABLE relay_lease (
    shard integer PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

-- A cursor belongs to the topics as they were: by name, the id of each, where the broker gives one; and, by topic and
-- partition, the offset behind the last fact that the broker acknowledged.
ALTER TABLE relay_cursor
    ADD COLUMN topics jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN ends jsonb NOT NULL DEFAULT '{}';

-- Which log this service's reader has begun with, for each cluster. Each time that it must begin again the generation
-- rises, and the group that reads is another one, whose offsets nobody has committed.
CREATE TABLE reader_log (
    cluster_id text PRIMARY KEY,
    topics jsonb NOT NULL,
    generation integer NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT now()
);

-- migrate:down
