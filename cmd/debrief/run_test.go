package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/report/review"
)

func TestExitCode(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"done", nil, 0},
		{"failed", errors.New("disk full"), 1},
		{"usage", usage("no such flag"), 2},
		{"configuration", fmt.Errorf("loading: %w", &config.Error{File: "debrief.yaml", Line: 1, Message: "is empty"}), 2},
		{"several configuration errors", errors.Join(&config.Error{}, &config.Error{}), 2},
		{"timeline review", fmt.Errorf("reviewing: %w", &review.Error{File: "x.timeline.yaml", Message: "is not YAML"}), 2},
		{"gaps", errGaps, 3},
	}
	for _, test := range tests {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%s: exit code %d, want %d", test.name, got, test.want)
		}
	}
}

// TestWrongUsageEndsWithTwo runs command lines with mistakes in them.
func TestWrongUsageEndsWithTwo(t *testing.T) {
	w := newWorld(t)
	for _, args := range [][]string{
		{"generate", "--nonsense"},
		{"generate", "a/b", "c/d"},
		{"generate", "--format", "docx"},
		{"generate", "--since", "yesterday"},
		{"generate", "--config", w.write(t, "empty.yaml", "")},
		{"render"},
		{"nonsense"},
		{"config", "check", w.dir + "/missing.yaml"},
	} {
		if code, stdout, stderr := w.debrief(t, args...); code != exitUsage || stdout != "" {
			t.Errorf("%q ended with %d, printed %q and %q", args, code, stdout, stderr)
		}
	}
}
