package report_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/report/review"
	"github.com/debrief-sre/debrief/timeline"
)

// withPeople is an incident whose texts name a person, wherever they can.
func withPeople() *incident {
	i := newIncident()
	i.facts.Pages = []timeline.Page{{
		ID: "PAGE", Title: "Ask Ada Lovelace", Service: "Team of Ada Lovelace",
		People: []timeline.Person{{ID: "P1", Names: []string{"Ada Lovelace"}}},
	}}
	note := i.event(timeline.Note, 50)
	note.Title, note.Detail, note.Role, note.Actor = "Ada Lovelace looked", "says Ada Lovelace", "responder", "P1"
	note.Links = []timeline.Link{{Title: "Ada Lovelace's dashboard", URL: "https://example.com"}}
	return i
}

// TestBuildAgain: a report is the same however many were made of the same facts
// before, and reviewed; the facts stay as they are.
func TestBuildAgain(t *testing.T) {
	for _, names := range []timeline.Naming{timeline.AsRoles, timeline.Pseudonyms, timeline.ByName} {
		t.Run(string(names), func(t *testing.T) {
			i := withPeople()
			build := func() report.Report {
				return report.Build(i.manifest, i.facts, report.Options{Names: names, Earlier: aborts(1, 2)})
			}
			reviewed := func(r report.Report) report.Report {
				first, last := r.Events[0].ID, r.Events[len(r.Events)-1].ID
				decisions := fmt.Sprintf("- {event: %s, title: The first, pin: true}\n- {event: %s, hide: true, reason: noise}\n", first, last)
				read := func(string) ([]byte, error) { return []byte(decisions), nil }
				r, err := review.ApplyBeside("document", read, r, nil)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			plain := build()
			first, firstReviewed := encoded(t, plain), encoded(t, reviewed(plain))
			if diff := cmp.Diff(withPeople().facts, i.facts); diff != "" {
				t.Errorf("the facts changed (-before +after):\n%s", diff)
			}
			again := build()
			if diff := cmp.Diff(first, encoded(t, again)); diff != "" {
				t.Errorf("the second report differs (-first +second):\n%s", diff)
			}
			if diff := cmp.Diff(firstReviewed, encoded(t, reviewed(again))); diff != "" {
				t.Errorf("the second reviewed report differs (-first +second):\n%s", diff)
			}
			if diff := cmp.Diff(first, encoded(t, plain)); diff != "" {
				t.Errorf("the first report changed since (-before +after):\n%s", diff)
			}
		})
	}
}

func encoded(t *testing.T, r report.Report) string {
	t.Helper()
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
