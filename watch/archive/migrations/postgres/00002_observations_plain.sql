-- +goose Up
-- For servers that speak PostgreSQL's protocol without its partitions.
CREATE TABLE observations (
    cluster          TEXT NOT NULL,
    uid              TEXT NOT NULL,
    resource_version TEXT NOT NULL,
    deleted          BOOLEAN NOT NULL,
    resource         TEXT NOT NULL,
    namespace        TEXT NOT NULL,
    name             TEXT NOT NULL,
    of_uid           TEXT NOT NULL,
    observed         TIMESTAMPTZ NOT NULL,
    object           BYTEA NOT NULL -- zstd
);
CREATE INDEX observations_by_time ON observations (cluster, observed, uid, resource_version, deleted);
CREATE INDEX observations_by_object ON observations (of_uid, observed);
