package actionitem_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/internal/actionitem"
)

func TestColumnsOf(t *testing.T) {
	tests := []struct {
		name   string
		header []string
		want   actionitem.Columns
	}{
		{"none", nil, actionitem.Columns{-1, -1, -1, -1, -1}},
		{"all", []string{"#", "Action Item", "Type", "Owner", "Due date", "Status"}, actionitem.Columns{1, 2, 3, 4, 5}},
		{"other words", []string{"Done?", "Follow-up", "When", "Who"}, actionitem.Columns{1, -1, 3, 2, 0}},
		{"an owner beside a team", []string{"Task", "Team", "Owner (DRI)"}, actionitem.Columns{0, -1, 2, -1, -1}},
		{"parts of words", []string{"Itemized", "Dueling", "Typed"}, actionitem.Columns{-1, -1, -1, -1, -1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, actionitem.ColumnsOf(test.header)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeadings(t *testing.T) {
	for heading, want := range map[string]bool{
		"3. Action items:": true, "FOLLOW-UPS": true, "Followup": true, "Corrective & preventative measures": true, "Next steps": true,
		"": false, "Reactions": false, "What went well": false, "Next": false,
	} {
		if got := actionitem.Says(heading, actionitem.Headings...); got != want {
			t.Errorf("%q: %v", heading, got)
		}
	}
}

func TestDone(t *testing.T) {
	for state, want := range map[string]bool{
		"Done": true, "complete": true, "Completed 2026-01-03": true, "x": true, "✅": true, "✓ merged": true,
		"": false, "not done": false, "open": false, "fixing": false, "completely open": false,
	} {
		if got := actionitem.Done(state); got != want {
			t.Errorf("%q: %v", state, got)
		}
	}
}
