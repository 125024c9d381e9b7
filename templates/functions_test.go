package templates

import (
	"math"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

func TestFigures(t *testing.T) {
	ptr := func(f float64) *float64 { return &f }
	whole := 1192
	functions := []struct {
		name  string
		write func(any) (string, error)
		tests []struct {
			v    any
			want string
		}
	}{
		{"seconds", seconds, []struct {
			v    any
			want string
		}{
			{0.0, "0 s"},
			{0.4, "0 s"},
			{0.5, "1 s"},
			{59.4, "59 s"},
			{59.5, "1 min"},
			{60.0, "1 min"},
			{61.0, "1 min 1 s"},
			{ptr(90), "1 min 30 s"},
			{3599.0, "59 min 59 s"},
			{3600.0, "1 h"},
			{3660.0, "1 h 1 min"},
			{90061.0, "25 h 1 min"},
			{600, "10 min"},
			{3600 * 10, "10 h"},
		}},
		{"count", count, []struct {
			v    any
			want string
		}{
			{0.0, "0"},
			{1.0, "1"},
			{999.4, "999"},
			{999.5, "1,000"},
			{ptr(1192), "1,192"},
			{&whole, "1,192"},
			{1234567, "1,234,567"},
			{int64(1000000), "1,000,000"},
			{-1192.0, "-1,192"},
			{-0.4, "0"},
			{1e15, "1,000,000,000,000,000"},
		}},
		{"percent", percent, []struct {
			v    any
			want string
		}{
			{0.0, "0 %"}, {1.0, "100 %"}, {0.5, "50 %"}, {0.9995, "99.95 %"}, {0.99995, "99.995 %"}, {0.99999, "99.999 %"}, {0.51451721, "51.5 %"}, {0.2003424, "20 %"}, {12.5, "1250 %"}, {0.0001234, "0.0123 %"},
		}},
		{"minutes", minutes, []struct {
			v    any
			want string
		}{
			{0.0, "0"}, {43.2, "43.2"}, {43.25, "43.3"}, {60.0, "60"}, {0.99, "0.99"}, {0.0412, "0.041"}, {ptr(1.04), "1"},
		}},
		{"number", number, []struct {
			v    any
			want string
		}{
			{0.0, "0"}, {14.4, "14.4"}, {1000.0, "1000"}, {514.3456, "514.3"}, {1.23456, "1.235"}, {0.00012345, "0.000123"}, {-2.5, "-2.5"}, {123456.7, "123457"},
		}},
	}
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			for _, tt := range f.tests {
				if got, err := f.write(tt.v); err != nil || got != tt.want {
					t.Errorf("%v: %q, %v, want %q", tt.v, got, err, tt.want)
				}
			}
			for _, v := range []any{nil, (*float64)(nil), (*int)(nil), math.NaN(), math.Inf(1), math.Inf(-1), ptr(math.NaN())} {
				if got, err := f.write(v); err != nil || got != "unknown" {
					t.Errorf("%v: %q, %v, want unknown", v, got, err)
				}
			}
			if got, err := f.write("12"); err == nil {
				t.Errorf("a string is written as %q", got)
			}
		})
	}
}

func TestCondition(t *testing.T) {
	tests := []struct {
		metric report.Metric
		want   string
	}{
		{report.Metric{}, "no condition"},
		{report.Metric{Success: "result[0] < 0.05"}, "success condition `result[0] < 0.05`"},
		{report.Metric{Failure: "a || b"}, `failure condition a \|\| b`},
		{report.Metric{Success: "a", Failure: "b"}, "success condition `a`, failure condition `b`"},
	}
	for _, tt := range tests {
		if got := condition(tt.metric); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestCitations(t *testing.T) {
	tests := []struct {
		list []evidence.Citation
		want string
	}{
		{nil, ""},
		{[]evidence.Citation{"a:1"}, "`a:1`"},
		{[]evidence.Citation{"a:1", "b:2"}, "`a:1`, `b:2`"},
		{[]evidence.Citation{"a:1", "b:2", "c:3", "d:4"}, "`a:1`, `b:2`, and 2 more"},
	}
	for _, tt := range tests {
		if got := citations(tt.list); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestBasis(t *testing.T) {
	cited := report.Event{Evidence: []evidence.Citation{"a:1"}, Reviewed: &report.Reviewed{Pinned: true}}
	added := report.Event{Reviewed: &report.Reviewed{Added: true}}
	if got := basis(cited) + ", " + basis(added); got != "`a:1`, stated by a reviewer" {
		t.Errorf("got %s", got)
	}
}

func TestImages(t *testing.T) {
	one := report.Image{Container: "app", From: "a:1", To: "a:2"}
	tests := []struct {
		list []report.Image
		want string
	}{
		{nil, ""},
		{[]report.Image{one}, "`a:1` → `a:2`"},
		{[]report.Image{{To: "a:2"}}, "`a:2`"},
		{[]report.Image{one, {Container: "side", To: "b"}}, "`a:1` → `a:2` (container `app`), `b` (container `side`)"},
	}
	for _, tt := range tests {
		if got := images(tt.list); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestEveryCauseHasWords(t *testing.T) {
	causes := []timeline.Cause{timeline.CauseAnalysis, timeline.CauseExperiment, timeline.CausePlugin, timeline.CauseProgressDeadline, timeline.CauseUser, timeline.CauseUnknown}
	seen := map[string]bool{}
	for _, c := range causes {
		words := causeWords(c)
		if words == "" || seen[words] {
			t.Errorf("%s: %q", c, words)
		}
		seen[words] = true
		if r := (report.Report{Abort: &report.Abort{Cause: c}}); !strings.Contains(Headline(r), "Aborted") {
			t.Errorf("%s: %s", c, Headline(r))
		}
	}
	if got := Headline(report.Report{}); strings.Contains(got, "Aborted") {
		t.Errorf("not aborted: %s", got)
	}
}

// TestFunctionsAreHermetic: a document depends on the report alone, so no
// function reads the environment, the clock, the network or chance.
func TestFunctionsAreHermetic(t *testing.T) {
	funcs := hermetic()
	for _, name := range []string{
		"env", "expandenv", "getHostByName",
		"now", "date", "dateInZone", "htmlDate", "ago", "toDate", "mustToDate",
		"randInt", "randAlpha", "randAlphaNum", "randBytes", "shuffle", "uuidv4",
		"bcrypt", "htpasswd", "encryptAES", "genPrivateKey", "genCA", "genSelfSignedCert", "genSignedCert",
		"keys", "values",
	} {
		if funcs[name] != nil {
			t.Errorf("templates may call %s", name)
		}
	}
}
