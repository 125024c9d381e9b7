package publish_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/output"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/publish"
)

// TestAnyOrderOfEvents: whatever debrief, people and crashes do in whatever
// order, there is one open request at most, no word of people's is lost, and
// what was published last is to be read.
func TestAnyOrderOfEvents(t *testing.T) {
	facts := []publish.Incident{small(t), small(t, byHand), small(t, late)}
	events := map[string]func(*history){
		"publish": func(h *history) { h.publish(rapid.SampledFrom(facts).Draw(h.t, "facts")) },
		"crash": func(h *history) {
			steps := rapid.IntRange(0, 30).Draw(h.t, "steps")
			_, _, _ = h.killed(h.t.Context(), rapid.SampledFrom(facts).Draw(h.t, "facts"), steps) // how far it came shows later
		},
		"write":  (*history).write,
		"close":  func(h *history) { h.decide(forge.Open, func(n int) { h.forge.setState(n, forge.Closed) }) },
		"reopen": (*history).reopen,
		"merge": func(h *history) {
			andDelete := rapid.Bool().Draw(h.t, "and delete the branch")
			h.decide(forge.Open, func(n int) { h.resolve(n); h.forge.merge(n, andDelete) })
		},
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(events)))
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{world: newWorld(t), t: rt}
		for _, event := range rapid.SliceOfN(name, 1, 12).Draw(rt, "events") {
			events[event](h)
			h.check()
		}
	})
}

// history is a world in which much has happened.
type history struct {
	*world
	t     *rapid.T
	words []string // that people wrote into the document
	home  []string // the branch of each
}

func (h *history) publish(in publish.Incident) {
	t := h.t
	got, err := publish.Publish(h.t.Context(), h.settings, in)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status == publish.Closed || got.Status == publish.Merged {
		if n := h.find(forge.Open); n > 0 {
			t.Fatalf("%s, and request %d is open", got.Status, n)
		}
		return
	}
	want, err := got.Report.Digest()
	if err != nil {
		t.Fatal(err)
	}
	at := got.Branch
	if h.git.Tip(at) == nil {
		at = "main"
	}
	if text := h.text(at); output.Facts([]byte(text)) != want {
		t.Fatalf("%s: the document on %s is of other facts", got.Status, at)
	}
}

// text is the document on a branch; empty without one.
func (h *history) text(branch string) string {
	for _, f := range h.git.Files(branch) {
		if f.Path == document {
			return f.Data
		}
	}
	return ""
}

// find is the number of the newest request in a state; 0 without one.
func (h *history) find(state forge.State) int {
	for i, r := range slices.Backward(h.forge.requests) {
		if r.State == state {
			return i + 1
		}
	}
	return 0
}

func (h *history) decide(state forge.State, do func(number int)) {
	if n := h.find(state); n > 0 {
		do(n)
	}
}

// reopen is possible as long as the branch is there and nothing else is open.
func (h *history) reopen() {
	h.decide(forge.Closed, func(n int) {
		if h.git.Tip(h.forge.requests[n-1].Head) != nil && h.find(forge.Open) == 0 {
			h.forge.setState(n, forge.Open)
		}
	})
}

// resolve brings what people wrote on the base meanwhile into a request, as they
// do before they merge it.
func (h *history) resolve(number int) {
	head := h.forge.requests[number-1].Head
	for _, word := range h.words {
		if strings.Contains(h.text("main"), word) && !strings.Contains(h.text(head), word) {
			h.edit(head, document, appending(word))
		}
	}
}

// write adds a line to the document where people would: in the open request, or
// else on the base.
func (h *history) write() {
	at := "main"
	h.decide(forge.Open, func(n int) { at = h.forge.requests[n-1].Head })
	if h.text(at) == "" {
		return
	}
	word := fmt.Sprintf("Word %d of a person.\n", len(h.words))
	h.edit(at, document, appending(word))
	h.words, h.home = append(h.words, word), append(h.home, at)
}

func (h *history) check() {
	t := h.t
	open := 0
	for _, r := range h.forge.requests {
		if r.State == forge.Open {
			open++
		}
		if _, err := output.Verify([]byte(r.Body)); err != nil {
			t.Fatalf("the description of request %d: %v", r.Number, err)
		}
	}
	if open > 1 {
		t.Fatalf("%d open requests", open)
	}
	for i, word := range h.words {
		if !strings.Contains(h.text(h.home[i]), word) && !strings.Contains(h.text("main"), word) {
			t.Fatalf("%q is neither on %s nor on main", word, h.home[i])
		}
	}
	for _, at := range []string{"main", branch, branch + "-update2", branch + "-update3"} {
		if text := h.text(at); text != "" {
			if _, err := output.Verify([]byte(text)); err != nil {
				t.Fatalf("on %s: %v", at, err)
			}
		}
	}
}
