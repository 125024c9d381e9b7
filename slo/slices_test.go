package slo_test

import (
	"math"
	"testing"
	"time"

	"github.com/debrief-sre/debrief/slo"
)

func TestSliceLength(t *testing.T) {
	for spacing, want := range map[time.Duration]time.Duration{
		0:                       time.Minute,
		time.Second:             2 * time.Second,
		5 * time.Second:         10 * time.Second,
		5003 * time.Millisecond: 10 * time.Second,
		10 * time.Second:        30 * time.Second,
		15 * time.Second:        30 * time.Second,
		30 * time.Second:        time.Minute,
		time.Minute:             2 * time.Minute,
		time.Hour:               2 * time.Hour,
	} {
		if got := slo.SliceLength(spacing); got != want {
			t.Errorf("slices for samples every %s are %s, want %s", spacing, got, want)
		}
	}
}

func TestSpacing(t *testing.T) {
	series := []slo.Series{
		counter(nil, epoch, 5*time.Second, 1, 2, math.NaN(), 3, 4, 5),
		counter(nil, epoch, 5*time.Second, 1),
		counter(nil, epoch, 30*time.Second, 1, 2, 3),
	}
	if got := slo.Spacing(series); got != 5*time.Second {
		t.Errorf("spacing = %s, want 5s", got)
	}
	if got := slo.Spacing(nil); got != 0 {
		t.Errorf("spacing of nothing = %s", got)
	}
}

func TestSlicesAreAlignedAndClipped(t *testing.T) {
	d := slo.Data{Total: []slo.Series{steady(nil, at(-time.Minute), 5*time.Second, 100, 1)}}
	got := slo.Slices(d, at(3*time.Second), at(27*time.Second), 10*time.Second)
	want := []struct {
		from, to time.Duration
		total    float64
	}{
		{3 * time.Second, 10 * time.Second, 1}, // the sample at 0 s is before the window
		{10 * time.Second, 20 * time.Second, 2},
		{20 * time.Second, 27 * time.Second, 2},
	}
	if len(got) != len(want) {
		t.Fatalf("%d slices, want %d", len(got), len(want))
	}
	for i, w := range want {
		if s := got[i]; !s.Start.Equal(at(w.from)) || !s.End.Equal(at(w.to)) || s.Total != w.total || !s.Known {
			t.Errorf("slice %d = %+v, want %+v", i, s, w)
		}
	}
}

// Slices are multiples of their length since the epoch, also for a length
// that does not divide a day.
func TestSlicesAlignToTheEpoch(t *testing.T) {
	const length = 7 * time.Minute
	for _, s := range slo.Slices(slo.Data{}, epoch, at(time.Hour), length)[1:] {
		if s.Start.Unix()%int64(length.Seconds()) != 0 {
			t.Errorf("slice starts at %s", s.Start)
		}
	}
	if got := slo.Slices(slo.Data{}, epoch, epoch, length); got != nil {
		t.Errorf("slices of nothing = %v", got)
	}
}

func TestNoDataIsNotNoTraffic(t *testing.T) {
	s := counter(nil, at(-time.Minute), time.Minute, 0, 10, 10, math.NaN(), 30)
	d := slo.Data{Total: []slo.Series{s}}
	got := slo.Slices(d, epoch, at(5*time.Minute), time.Minute)
	for i, want := range []slo.Slice{
		{Total: 10, Known: true},
		{Total: 0, Known: true}, // nobody asked
		{Known: false},          // nobody counted
		{Total: 20, Known: true},
		{Known: false},
	} {
		if got[i].Total != want.Total || got[i].Known != want.Known {
			t.Errorf("slice %d = %+v, want %+v", i, got[i], want)
		}
		if rate := got[i].ErrorRate(); rate != 0 {
			t.Errorf("error rate of slice %d = %v", i, rate)
		}
	}
}
