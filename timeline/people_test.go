package timeline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/timeline"
)

func TestNamePeople(t *testing.T) {
	people := []timeline.Person{
		{ID: "P2", Names: []string{"Ada Quartermain", "ada@example.com"}},
		{ID: "P1", Names: []string{"José Ñandú"}},
		{ID: "P3", Names: []string{"Ada"}},
		{ID: "P2", Names: []string{"A+B (ops)"}},
	}
	texts := []string{
		"Ada Quartermain, Ada and Adam", "ask ada@example.com", "JOSÉ ÑANDÚ's fix", "xJosé Ñandú", "A+B (ops) on call", "Ada  Quartermain\tleft", "nothing", "",
	}
	tests := map[timeline.Naming][]string{
		timeline.AsRoles: {
			"[person], [person] and Adam", "ask [person]", "[person]'s fix", "xJosé Ñandú", "[person] on call", "[person]\tleft", "nothing", "", "on-call engineer",
		},
		"": {
			"[person], [person] and Adam", "ask [person]", "[person]'s fix", "xJosé Ñandú", "[person] on call", "[person]\tleft", "nothing", "", "on-call engineer",
		},
		timeline.Pseudonyms: {
			"Person B, Person C and Adam", "ask Person B", "Person A's fix", "xJosé Ñandú", "Person B on call", "Person B\tleft", "nothing", "", "Person B, on-call engineer",
		},
		timeline.ByName: append(append([]string{}, texts...), "Ada Quartermain, on-call engineer"),
	}
	for naming, want := range tests {
		f := timeline.Facts{Pages: []timeline.Page{{People: people}}}
		for _, text := range texts {
			f.Events = append(f.Events, timeline.Event{Detail: text})
		}
		f.Events = append(f.Events, timeline.Event{Role: "on-call engineer", Actor: "P2"})
		f.NamePeople(naming)
		var got []string
		for _, e := range f.Events {
			got = append(got, e.Detail+e.Role)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", naming, diff)
		}
	}
}
