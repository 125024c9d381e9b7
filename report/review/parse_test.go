package review_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/report/review"
)

const whole = `# Reviewed on 23 November.
- event: e-0000000001
  pin: true
- event: e-0000000002
  hide: true
  reason: the same page, sent twice
- {event: e-0000000003, title: "The payment provider's status page turned red", pin: true}
- add:
    time: 2026-11-22T20:56:10+01:00
    title: Payments held their own release
    role: on-call engineer
    source: incident channel
`

func TestParse(t *testing.T) {
	got, err := review.Parse("x.timeline.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := review.Review{File: "x.timeline.yaml", Decisions: []review.Decision{
		{Line: 2, Event: "e-0000000001", Pin: true},
		{Line: 4, Event: "e-0000000002", Hide: true, Reason: "the same page, sent twice"},
		{Line: 7, Event: "e-0000000003", Pin: true, Title: "The payment provider's status page turned red"},
		{Line: 8, Add: &review.Addition{
			Time: time.Date(2026, time.November, 22, 19, 56, 10, 0, time.UTC), Title: "Payments held their own release",
			Role: "on-call engineer", Source: "incident channel",
		}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDocumentedExample holds the documentation to what is read.
func TestDocumentedExample(t *testing.T) {
	docs, err := os.ReadFile("../../docs/timeline-review.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(docs), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if v, err := review.Parse("docs", []byte(example)); err != nil || len(v.Decisions) != 4 {
		t.Errorf("%d decisions, %v", len(v.Decisions), err)
	}
}

func TestParseNothing(t *testing.T) {
	for _, text := range []string{"", "\n", "# - event: e-1\n#   pin: true\n", "---\n", "[]", "\ufeff[]\n"} {
		got, err := review.Parse("f", []byte(text))
		if err != nil || len(got.Decisions) != 0 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"not UTF-8", "- \xff", "f: is not YAML: its text is not UTF-8"},
		{"not YAML", "- event: [", "f:1: is not YAML: sequence end token ']' not found"},
		{"a mapping", "event: e-1\npin: true\n", `f:1: is not a list of decisions: begin each with "- event: ID" or "- add:"`},
		{"two documents", "- {event: a, pin: true}\n---\n- {event: b, pin: true}\n", "f:3: a second YAML document begins here: one is allowed"},
		{"text for a decision", "- e-1\n", "f:1: [0]: is not a mapping: it may have event, pin, hide, title, reason, add"},
		{"an empty decision", "- {}\n", "f:1: [0]: is empty: give event or add"},
		{"unknown key", "- event: a\n  pinned: true\n  pin: true\n", "f:2: [0].pinned: unknown key (allowed: event, pin, hide, title, reason, add)"},
		{"a key twice", "- {event: a, pin: true, pin: true}\n", `f:1: is not YAML: mapping key "pin" already defined at [1:14]`},
		{"no event", "- pin: true\n", "f:1: [0].event: is missing"},
		{"no decision", "- event: a\n", "f:1: [0]: decides nothing: give pin: true, hide: true with a reason, or a title"},
		{"not true", "- event: a\n  hide: false\n", "f:2: [0].hide: may only be true: leave the key out otherwise"},
		{"hidden without a reason", "- event: a\n  hide: true\n", "f:1: [0].reason: is missing: say why the event is hidden, for readers of the document"},
		{"hidden and pinned", "- event: a\n  hide: true\n  pin: true\n  reason: x\n", "f:1: [0].hide: stands beside pin or title: what is hidden has neither"},
		{"a reason for nothing", "- event: a\n  pin: true\n  reason: x\n", "f:1: [0].reason: is only for hide"},
		{"a number for an id", "- event: 12\n  pin: true\n", "f:1: [0].event: is not text: write it in quotes"},
		{"no value", "- event: a\n  title:\n", "f:2: [0].title: is not text: write it in quotes"},
		{"two lines", "- event: a\n  title: |\n    x\n    y\n", "f:2: [0].title: is not one line of text"},
		{"what controls a terminal", "- event: a\n  title: \"\\e[31m\"\n", "f:2: [0].title: is not one line of text"},
		{"the same event twice", "- {event: a, pin: true}\n- {event: a, title: x}\n", "f:2: [1].event: a is decided on in line 1: put all of it there"},
		{"add beside an event", "- event: a\n  add: {time: 2026-01-15T14:33:05Z, title: x, source: y}\n", "f:1: [0].event: stands beside add, which has its own fields: time, title, role, source, pin"},
		{"add without a source", "- add: {time: 2026-01-15T14:33:05Z, title: x}\n", "f:1: [0].add.source: is missing"},
		{"add what is no mapping", "- add: x\n", "f:1: [0].add: is not a mapping: it may have time, title, role, source, pin"},
		{"a time without a zone", "- add:\n    title: x\n    source: y\n    time: 2026-01-15 14:33\n", `f:4: [0].add.time: "2026-01-15 14:33" is no time: write it as 2026-01-15T14:33:05Z`},
		{"an anchor", "- event: &a x\n  title: *a\n", "f:1: [0].event: is not text: write it in quotes\nf:2: [0].title: is not text: write it in quotes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := review.Parse("f", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			var one *review.Error
			if !errors.As(err, &one) {
				t.Errorf("%T is no *review.Error", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParse: whatever a file holds, there are decisions that make sense or an
// error in lines of its own.
func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("- event: a\n  hide: true\n  reason: >\n    x\n")
	f.Add("- add: {time: 2026-01-15T14:33:05Z, title: x, source: y, pin: true}\n")
	f.Add("- &a {event: b, <<: *a}\n")
	f.Add("? - event\n: !!str x\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := review.Parse("f", []byte(text))
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "f:") {
					t.Errorf("an error is not one line: %q", err)
				}
			}
			return
		}
		for _, d := range v.Decisions {
			switch a := d.Add; {
			case a != nil && (a.Time.IsZero() || a.Title == "" || a.Source == "" || d.Event != ""),
				a == nil && (d.Event == "" || !d.Pin && !d.Hide && d.Title == "" || d.Hide != (d.Reason != "")):
				t.Errorf("%q makes %+v", text, d)
			}
		}
	})
}
