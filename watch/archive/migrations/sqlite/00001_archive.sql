-- +goose Up
-- Times are microseconds since 1970, which the driver turns into times.

CREATE TABLE observations (
    cluster          TEXT NOT NULL,
    uid              TEXT NOT NULL,
    resource_version TEXT NOT NULL,
    deleted          BOOLEAN NOT NULL,
    resource         TEXT NOT NULL,
    namespace        TEXT NOT NULL,
    name             TEXT NOT NULL,
    of_uid           TEXT NOT NULL,
    observed         TIMESTAMP NOT NULL,
    object           BLOB NOT NULL, -- zstd
    UNIQUE (uid, resource_version, deleted, cluster)
);
-- A file mostly holds one cluster. No index begins with it, for the planner would
-- take that one, and sort all that the cluster has for each page that is read.
CREATE INDEX observations_by_time ON observations (observed, uid, resource_version, deleted);
CREATE INDEX observations_by_object ON observations (of_uid, observed);

CREATE TABLE gaps (
    cluster  TEXT NOT NULL,
    resource TEXT NOT NULL,
    began    TIMESTAMP NOT NULL,
    ended    TIMESTAMP NOT NULL,
    reason   TEXT NOT NULL,
    UNIQUE (cluster, began, ended, resource, reason)
);

CREATE TABLE incidents (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster      TEXT NOT NULL,
    uid          TEXT NOT NULL,
    revision     BIGINT NOT NULL,
    triggered_by TEXT NOT NULL,
    triggered_at TIMESTAMP NOT NULL,
    namespace    TEXT NOT NULL,
    name         TEXT NOT NULL,
    state        TEXT NOT NULL,
    version      BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    due          TIMESTAMP NOT NULL,
    seen         TIMESTAMP NOT NULL,
    changed      TIMESTAMP NOT NULL,
    settled      TEXT NOT NULL,
    bundle       TEXT NOT NULL,
    document     TEXT NOT NULL,
    url          TEXT NOT NULL,
    facts        TEXT NOT NULL,
    error        TEXT NOT NULL,
    UNIQUE (cluster, uid, revision, triggered_by, triggered_at)
);
CREATE INDEX incidents_by_due ON incidents (cluster, due, id);

CREATE TABLE deliveries (
    source TEXT NOT NULL,
    id     TEXT NOT NULL,
    seen   TIMESTAMP NOT NULL,
    PRIMARY KEY (source, id)
);
CREATE INDEX deliveries_by_time ON deliveries (seen);
