package archive_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/debrief-sre/debrief/watch/archive"
	"github.com/debrief-sre/debrief/watch/archive/archivetest"
)

// TestWaitsGrow lets a disk be full for two minutes, and looks at when writing
// is tried again.
func TestWaitsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := archive.Options{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
		a := open(t, filepath.Join(t.TempDir(), "archive.db"), o)
		archive.LimitPages(t, a, 1)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		for i := range 1000 {
			a.Record(archivetest.Event("prod", i))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if s := a.Stats(); s.Waiting != 1000 || s.Failed == 0 {
			t.Errorf("%+v", s)
		}
		const want = "100ms 200ms 400ms 800ms 1.6s 3.2s 6.4s 12.8s 25.6s 30s 30s 30s"
		var waits []string
		for _, m := range regexp.MustCompile(` wait=(\S+)`).FindAllStringSubmatch(log.String(), -1) {
			waits = append(waits, m[1])
		}
		if got := strings.Join(waits, " "); got != want {
			t.Errorf("waits %s, want %s", got, want)
		}
		archive.LimitPages(t, a, 100_000)
		time.Sleep(31 * time.Second)
		if s := a.Stats(); s.Waiting != 0 || s.Written != 1000 {
			t.Errorf("%+v", s)
		}
		stop()
		must(t, <-done)
		must(t, a.Close())
	})
}

// TestLittleIsWrittenSoon: what is recorded together is written together.
func TestLittleIsWrittenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, filepath.Join(t.TempDir(), "archive.db"), archive.Options{Now: time.Now, Batch: 10})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		a.Record(archivetest.Event("prod", 1))
		begin := time.Now()
		time.Sleep(time.Second)
		if s := a.Stats(); s.Written != 1 || s.LastWrite.Sub(begin) != 50*time.Millisecond {
			t.Errorf("written after %v: %+v", s.LastWrite.Sub(begin), s)
		}
		begin = time.Now()
		for i := range 10 {
			a.Record(archivetest.Event("prod", 10+i))
		}
		time.Sleep(time.Second)
		if s := a.Stats(); s.Written != 11 || !s.LastWrite.Equal(begin) {
			t.Errorf("a batch written after %v: %+v", s.LastWrite.Sub(begin), s)
		}
		stop()
		must(t, <-done)
		must(t, a.Close())
	})
}

// TestRetention runs an archive for forty days.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, filepath.Join(t.TempDir(), "archive.db"), archive.Options{Now: time.Now})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		for day := range 40 {
			o := archivetest.Event("prod", day)
			o.Observed = time.Now()
			a.Record(o)
			time.Sleep(24 * time.Hour)
		}
		from, to, err := a.Span(t.Context(), "prod")
		must(t, err)
		if days := to.Sub(from).Hours() / 24; days < 28 || days > 30 {
			t.Errorf("%.1f days are kept", days)
		}
		stop()
		must(t, <-done)
		must(t, a.Close())
	})
}

// TestRetentionByAWrongClock: a machine starts with a clock that is two months
// ahead, and another time it is so for half an hour. Nothing is deleted that is
// not old.
func TestRetentionByAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const month = 30 * 24 * time.Hour
		var ahead atomic.Int64
		ahead.Store(int64(2 * month))
		a := open(t, filepath.Join(t.TempDir(), "archive.db"), archive.Options{
			Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())).Round(0) },
		})
		old, recent := archivetest.Event("prod", 1), archivetest.Event("prod", 2)
		old.Observed, recent.Observed = time.Now().Add(-month-48*time.Hour), time.Now().Add(-month+48*time.Hour)
		a.Record(old)
		a.Record(recent)
		must(t, a.Flush(t.Context()))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		expect := func(after time.Duration, want time.Time) {
			t.Helper()
			time.Sleep(after)
			if from, _, err := a.Span(t.Context(), "prod"); err != nil || !from.Equal(want.UTC().Truncate(time.Microsecond)) {
				t.Errorf("kept from %v, want %v, %v", from, want, err)
			}
		}
		expect(30*time.Minute, old.Observed)
		ahead.Store(0)
		expect(time.Hour, recent.Observed)
		ahead.Store(int64(2 * month))
		expect(time.Hour, recent.Observed)
		ahead.Store(0)
		expect(2*time.Hour, recent.Observed)
		ahead.Store(int64(2 * month))
		expect(2*time.Hour, time.Time{}) // it is believed at last
		stop()
		must(t, <-done)
		must(t, a.Close())
	})
}
