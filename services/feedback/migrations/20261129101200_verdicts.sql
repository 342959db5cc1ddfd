-- migrate:up

-- What was answered to a verdict, so that the same verdict sent again is answered as at first. The words themselves
-- are in the fact; here lies only a hash to recognise them by.
CREATE TABLE verdict (
    demand_id uuid NOT NULL,
    version integer NOT NULL,
    words bytea NOT NULL,
    rating integer NOT NULL,
    solved boolean NOT NULL,
    status text NOT NULL,
    outcome text,
    PRIMARY KEY (demand_id, version)
);

-- migrate:down
