// Package archive keeps what expires: every state of the watched objects and
// every event, and with them the watcher's incidents. It keeps them in a SQLite
// file, or in PostgreSQL when several replicas or clusters share an archive.
//
// # What it promises
//
// [Archive.Record] never blocks and takes no more memory than [Options.Buffer].
// What finds no room is dropped, counted, and becomes a [Gap] from the first
// dropped to the last, so that a reader knows what is missing. What [Archive.Flush]
// confirmed is durable: it survives kill -9, and the loss of power as far as
// the disk keeps its word. In SQLite that takes synchronous=FULL, one fsync for
// each batch; NORMAL could take back the last batches and, worse, an incident's
// last state. In PostgreSQL it is what the server's synchronous_commit says. An
// observation is stored once, however many replicas deliver it and however often,
// until retention removes it.
//
// # What happens when
//
//   - The database is down, locked, or its disk is full: what waits is kept and
//     tried again, after waits that grow from a tenth of a second to half a
//     minute. The buffer fills meanwhile; then observations become gaps, which are
//     written as soon as writing works. Flush and the incidents' methods fail at once
//     (a locked SQLite file: after five seconds). Open needs a working database.
//   - The process is killed: what waited, gaps included, is lost. What was
//     written is whole: a batch is one transaction, and with it how far each
//     watch has come. The next watcher goes on from there ([Archive.Position])
//     and is delivered again what was lost, unless the API server has
//     forgotten it by then, which the watcher records as a gap.
//   - A commit's answer is lost: the batch is written again and found to be there.
//   - The SQLite file is removed, replaced or damaged: no retry mends that. Run
//     returns an error, so that the process ends and a new one can start afresh.
//   - The clock is stepped: times are the caller's; order and gaps follow them.
//     Retention follows [Options.Now], a step of it only after an hour.
//   - Two replicas record: either one's observation is kept. A gap of one of them
//     is kept even if the other one missed nothing.
//
// Retention removes observations, gaps and deliveries, by whole days (UTC). On
// PostgreSQL it drops partitions, one a day; other servers of its protocol get a
// plain table, whose rows are deleted. A SQLite file does not shrink: freed pages
// are used again. Incidents stay, for a Rollout shows its last abort for as long as
// it is not updated, and must not be reported again.
package archive
