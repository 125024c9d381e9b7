package picture

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
)

func TestView(t *testing.T) {
	clock := func(s string) *time.Time {
		at, err := time.Parse(time.DateTime, "2026-11-22 "+s)
		if err != nil {
			t.Fatal(err)
		}
		return &at
	}
	window := evidence.Window{Start: *clock("10:00:00"), End: *clock("18:00:00")}
	moments := func(list ...string) (out []report.Event) {
		for _, s := range list {
			out = append(out, report.Event{Time: *clock(s), Key: true})
		}
		return out
	}
	for name, test := range map[string]struct {
		report   report.Report
		from, to string
	}{
		"start to end": {report.Report{Incident: report.Incident{Window: window, Started: clock("12:00:00"), Mitigated: clock("12:10:00"), Resolved: clock("12:20:00")}}, "11:56:00", "12:24:00"},
		"resolved much later": {report.Report{
			Incident: report.Incident{Window: window, Started: clock("12:00:00"), Mitigated: clock("12:10:00"), Resolved: clock("17:00:00")},
		}, "11:58:00", "12:12:00"},
		"short": {report.Report{Incident: report.Incident{Window: window, Started: clock("12:00:00"), Mitigated: clock("12:00:00")}}, "11:59:30", "12:00:30"},
		"close moments": {report.Report{
			Incident: report.Incident{Window: window, Started: clock("12:00:00"), Mitigated: clock("12:10:00")},
			Events:   moments("10:30:00", "11:55:00", "12:15:00", "14:00:00"),
		}, "11:51:00", "12:19:00"},
		"no measures": {report.Report{Incident: report.Incident{Window: window}, Events: moments("12:00:00", "12:10:00")}, "11:58:00", "12:12:00"},
		"not over": {report.Report{
			Incident: report.Incident{Window: window, Started: clock("12:00:00")}, Events: moments("12:00:00", "12:50:00"),
		}, "11:50:00", "13:00:00"},
		"the window": {report.Report{Incident: report.Incident{Window: window}}, "08:24:00", "19:36:00"},
	} {
		t.Run(name, func(t *testing.T) {
			v, ok := viewOf(test.report)
			if got := clockOf(v.from) + " " + clockOf(v.to); !ok || got != test.from+" "+test.to {
				t.Errorf("got %s, want %s %s", got, test.from, test.to)
			}
		})
	}
	if _, ok := viewOf(report.Report{}); ok {
		t.Error("a report without times has a view")
	}
}

func clockOf(t time.Time) string { return t.Format(time.TimeOnly) }

func TestTimeTicks(t *testing.T) {
	from := time.Date(2026, 11, 22, 22, 59, 50, 0, time.UTC)
	for length, want := range map[time.Duration]string{
		5 * time.Second:       "22:59:50 22:59:51 22:59:52 22:59:53 22:59:54 22:59:55",
		2 * time.Minute:       "23:00:00 23:00:30 23:01:00 23:01:30",
		3 * time.Hour:         "23:00 11-23 01:00",
		30 * time.Hour:        "11-23 06:00 12:00 18:00 11-24",
		10 * 24 * time.Hour:   "11-23 11-25 11-27 11-29 12-01",
		9000 * 24 * time.Hour: "2029-02 2034-01 2038-12 2043-12 2048-11",
	} {
		var labels []string
		for _, tick := range (view{from, from.Add(length)}).ticks() {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("%s: got %q, want %q", length, got, want)
		}
	}
}

func TestNiceScale(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		ratio     bool
		want      string
	}{
		{0, 0.106, true, "0 %, 5 %, 10 %, 15 %"},
		{0, 0.0012, true, "0 %, 0.05 %, 0.1 %, 0.15 %"},
		{0, 0, true, "0 %, 0.5 %, 1 %, 1.5 %"},
		{0.498, 0.515, false, "0, 0.2, 0.4, 0.6"},
		{-3, 8, false, "-5, 0, 5, 10"},
		{0, 3e9, false, "0, 1e+09, 2e+09, 3e+09, 4e+09"},
		{0, 1e-9, false, "0, 5e-10, 1e-09, 1.5e-09"},
	} {
		s := niceScale(test.low, test.high, test.ratio)
		var labels []string
		for _, tick := range s.ticks {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, ", "); got != test.want || s.min > test.low || s.max < test.high {
			t.Errorf("%v to %v: got %s within %v to %v, want %s", test.low, test.high, got, s.min, s.max, test.want)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, test := range []struct{ places, want []float64 }{
		{[]float64{100, 200}, []float64{100, 200}},
		{[]float64{100, 100, 100}, []float64{80, 100, 120}},
		{[]float64{10, 10}, []float64{10, 30}},
		{[]float64{495, 499}, []float64{480, 500}},
		{nil, nil},
	} {
		if diff := cmp.Diff(test.want, spread(test.places, 20, 10, 500)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestNumbersNeverOverlap: wherever the moments are, their numbers have room
// and stand in the order of their places.
func TestNumbersNeverOverlap(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	v := view{noon, noon.Add(time.Hour)}
	for range 1000 {
		var moments []report.Event
		for range 1 + random.IntN(40) {
			moments = append(moments, report.Event{Time: noon.Add(time.Duration((random.Float64()*1.4 - 0.2) * float64(time.Hour)))})
		}
		marks := marksOf(v, moments)
		slices.SortFunc(marks, func(a, b mark) int {
			if a.x != b.x {
				return int(math.Copysign(1, a.x-b.x))
			}
			return a.number - b.number
		})
		for i, m := range marks {
			if m.dot < dotPitch/2-1e-6 || m.dot > pictureWidth-dotPitch/2+1e-6 || i > 0 && m.dot-marks[i-1].dot < dotPitch-1e-6 {
				t.Fatalf("mark %d of %d stands at %v", i, len(marks), m.dot)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"  two\n\twords ":              "two words",
		"\u202eevil\u2066\u200b\ufeff": "evil",
		"\x1b[31mred\x00":              "[31mred",
		"\xff\xfeok":                   "ok",
		"Grüße, 世界, שלום":              "Grüße, 世界, שלום",
		"e\u0301\u0301\u0301\u0301":    "e\u0301\u0301",
		"\U000e0041\ue000\ufffe":       "",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	if got := fit("short", 100, 10); got != "short" {
		t.Error(got)
	}
	for _, s := range []string{strings.Repeat("W", 50), strings.Repeat("i", 90), strings.Repeat("世", 40)} {
		got := fit(s, 200, 10)
		if width := ems(got) * 10; !strings.HasSuffix(got, "…") || width > 205 || width < 180 {
			t.Errorf("%q is %v wide", got, width)
		}
	}
}

func TestDivide(t *testing.T) {
	share := func(v float64) *float64 { return &v }
	for name, test := range map[string]struct {
		consumed, remaining *float64
		want                []segment
	}{
		"all known":             {share(0.25), share(0.5), []segment{{0, 0.25, spent}, {0.25, 0.5, bitten}, {0.5, 1, left}}},
		"overdrawn":             {share(1.5), share(-1), []segment{{0, 0.5, spent}, {0.5, 2, bitten}, {2, 1, left}}},
		"rest unknown":          {share(0.25), nil, []segment{{0, 0.25, bitten}, {0.25, 1, unknown}}},
		"more than all":         {share(4), nil, []segment{{0, 4, bitten}, {4, 1, unknown}}},
		"incident unknown":      {nil, share(0.5), []segment{{0, 0.5, spent}, {0.5, 1, left}}},
		"less spent than taken": {share(0.5), share(0.75), []segment{{0, -0.25, spent}, {0, 0.25, bitten}, {0.25, 1, left}}},
		"nothing known":         {nil, nil, []segment{{0, 1, unknown}}},
	} {
		b := budgetOf(report.Impact{Consumed: test.consumed, Remaining: test.remaining})
		if diff := cmp.Diff(test.want, b.segments, cmp.AllowUnexported(segment{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
