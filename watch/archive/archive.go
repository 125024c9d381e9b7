package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Options are an archive's settings. The zero value of each but Now is usable.
type Options struct {
	Log *slog.Logger
	Now func() time.Time // required
	// Filter keeps secrets out: it rewrites an object before it is stored. An
	// object that it fails on is not stored, and becomes a gap. nil: none.
	Filter    func(value []byte) (clean []byte, redactions int, err error)
	Buffer    int           // bytes of observations that may wait; 64 MiB
	Batch     int           // observations in one transaction; 500
	Retention time.Duration // 30 days
}

// Archive is an open archive. Its methods may be called concurrently.
type Archive struct {
	options Options
	db      *database
	buffer  *buffer
	turn    chan struct{} // holds a value while somebody writes
	encoder *zstd.Encoder
	decoder *zstd.Decoder

	stored, duplicate, failed, redacted atomic.Int64
	lastWrite                           atomic.Pointer[time.Time]
}

// maxObject bounds what is unpacked, in bytes: more than any API server stores.
const maxObject = 64 << 20

// Open opens the archive at a SQLite file's path, or at a URL that begins with
// postgres://, and creates or migrates its tables. Several processes may do so
// at once. A new file is its owner's alone (0600). No error holds a password.
func Open(ctx context.Context, dsn string, o Options) (*Archive, error) {
	if o.Now == nil {
		return nil, errors.New("opening the archive: Options.Now is not set")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Buffer, o.Batch, o.Retention = orDefault(o.Buffer, 64<<20), orDefault(o.Batch, 500), orDefault(o.Retention, 30*24*time.Hour)

	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxObject))
	if err != nil {
		return nil, fmt.Errorf("opening the archive: %w", err)
	}
	db, err := open(ctx, dsn)
	if err != nil {
		decoder.Close()
		return nil, err
	}
	return &Archive{
		options: o, db: db, buffer: newBuffer(o.Buffer, o.Batch), turn: make(chan struct{}, 1),
		encoder: encoder, decoder: decoder,
	}, nil
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// Close writes what waits, for at most ten seconds, and closes the database. Call
// it after Run has returned.
func (a *Archive) Close() error {
	a.buffer.close()
	ctx, cancel := context.WithTimeout(context.Background(), lastFlush)
	defer cancel()
	err := errors.Join(a.Flush(ctx), a.db.close())
	a.decoder.Close()
	return err
}

// Record takes an observation in, to be written soon; its Object must not be
// changed afterwards. It never blocks. kept is false if there was no room, or if
// the observation has no identity; then a gap is recorded instead.
func (a *Archive) Record(o Observation) (kept bool) { return a.buffer.add(o) }

// RecordGap takes in a gap that the caller knows of, such as an interrupted
// watch. It never blocks.
func (a *Archive) RecordGap(g Gap) { a.buffer.gap(g) }

// Stats are counts since Open, and what waits now.
type Stats struct {
	Waiting, WaitingBytes int
	Oldest                time.Time // when the first of those that wait was observed; zero: none waits
	Written, Duplicate    int64     // observations that were new to the database, and that it had
	Dropped               int64     // observations that were refused
	Failed                int64     // attempts to write a batch or gaps
	Redactions            int64     // secrets that Filter took out
	LastWrite             time.Time // zero: none yet
}

// Stats tells how the archive is doing. It never blocks.
func (a *Archive) Stats() Stats {
	s := a.buffer.stats()
	s.Written, s.Duplicate, s.Failed, s.Redactions = a.stored.Load(), a.duplicate.Load(), a.failed.Load(), a.redacted.Load()
	if last := a.lastWrite.Load(); last != nil {
		s.LastWrite = *last
	}
	return s
}
