-- migrate:up

-- Undoes a statement that wrote another number of rows than it had to: somebody else was first.
CREATE FUNCTION exactly(written bigint, wanted bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF written <> wanted THEN
        RAISE serialization_failure USING message = format('%s rows to write, %s written', wanted, written);
    END IF;
    RETURN written;
END $$;

-- How many shards there were is part of the cursor's name: another number of them has other demands in each.
ALTER TABLE relay_cursor ADD COLUMN shards integer NOT NULL DEFAULT 1;
UPDATE relay_cursor SET shards = (SELECT max(shard) + 1 FROM relay_cursor AS all_of WHERE all_of.cluster_id = relay_cursor.cluster_id);
ALTER TABLE relay_cursor
    ALTER COLUMN shards DROP DEFAULT,
    DROP CONSTRAINT relay_cursor_pkey,
    ADD PRIMARY KEY (cluster_id, shards, shard);

-- migrate:down
