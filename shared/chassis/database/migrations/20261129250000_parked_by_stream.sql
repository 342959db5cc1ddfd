-- migrate:up

-- A worker may hold aggregates of several streams: a fact that waits belongs to one of them. The default is for
-- processes of the version before, which know one stream only.
ALTER TABLE parked ADD COLUMN stream text NOT NULL DEFAULT 'demand';
ALTER TABLE parked DROP CONSTRAINT parked_pkey, ADD PRIMARY KEY (aggregateid, sequence, stream);

-- migrate:down
