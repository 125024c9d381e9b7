package evidence

import (
	"fmt"
	"time"

	"github.com/debrief-sre/debrief/slo"
)

// SchemaVersion is the version of the bundle's layout. Readers refuse a newer one.
const SchemaVersion = 1

// Manifest describes a bundle: what it is about, when and by what it was made,
// what each source answered, and the hash of every entry.
type Manifest struct {
	SchemaVersion int             `json:"schemaVersion"`
	Tool          string          `json:"tool"` // name and version of the writer, such as "debrief v0.3.0"
	Scope         Scope           `json:"scope"`
	CollectedAt   time.Time       `json:"collectedAt"`
	Objectives    []slo.Objective `json:"objectives"` // in force when the bundle was made; empty without configured SLOs
	Coverage      []Coverage      `json:"coverage"`
	Notes         []string        `json:"notes,omitempty"` // provenance worth telling a reader, shown in the document
	Entries       []Entry         `json:"entries"`         // sorted by name; the manifest itself is not listed
}

// Scope is what was asked for.
type Scope struct {
	Subject  Object `json:"subject"`
	Revision int64  `json:"revision"`
	Window   Window `json:"window"` // what was collected; a report may look at less of it
	// Chosen tells that a person set the window's bounds, so that a report
	// does not narrow them to what the incident seems to need.
	Chosen bool `json:"chosen,omitempty"`
}

// Object names one Kubernetes object.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	UID       string `json:"uid,omitempty"`
}

// String gives kind and name as kubectl would be given them, such as "Rollout shop/checkout".
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Window is a half-open span of time: Start <= t < End.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Contains tells whether t lies in the window.
func (w Window) Contains(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }

// Duration is the window's length.
func (w Window) Duration() time.Duration { return w.End.Sub(w.Start) }

// Entry is one file of a bundle.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Status says how well a source could answer.
type Status string

// The statuses of a source. Everything but StatusOK is a gap.
const (
	StatusOK          Status = "ok"
	StatusPartial     Status = "partial"     // it answered, but not all of what was asked
	StatusDenied      Status = "denied"      // it refused our credentials
	StatusUnreachable Status = "unreachable" // it did not answer
	StatusExpired     Status = "expired"     // it no longer has data of the window
	StatusAbsent      Status = "absent"      // it is not configured or does not exist
)

// Coverage says what one source was asked and what it could give, so that
// "no data" is never mistaken for "nothing happened".
type Coverage struct {
	Source      string    `json:"source"` // such as "kubernetes/events" or "pagerduty"
	Status      Status    `json:"status"`
	Reason      string    `json:"reason,omitempty"` // in words, for everything but ok
	Asked       string    `json:"asked,omitempty"`
	Objects     int       `json:"objects"`
	Oldest      time.Time `json:"oldest,omitzero"`       // the oldest data the source could still give
	ClockOffset *float64  `json:"clockOffset,omitempty"` // seconds the source's clock is ahead of ours, from the HTTP Date header
	Duration    float64   `json:"duration"`              // seconds spent asking
	Warnings    []string  `json:"warnings,omitempty"`    // data quality, in the source's words or ours
	Redactions  int       `json:"redactions,omitempty"`  // secrets taken out of its answers
}

// Gap tells whether the source has left something out that a reader may miss.
func (c Coverage) Gap() bool { return c.Status != StatusOK }

// Gaps tells whether any source has.
func (m Manifest) Gaps() bool {
	for _, c := range m.Coverage {
		if c.Gap() {
			return true
		}
	}
	return false
}

// Citation points at the evidence for a statement: an entry of the bundle and
// a place in it, a line for JSON Lines ("kubernetes/events.jsonl:12") or a JSON
// Pointer (RFC 6901) for JSON ("argo/rollout.json#/status/abortedAt").
type Citation string

// Line cites a line, counted from 1, of a JSON Lines entry.
func Line(entry string, n int) Citation { return Citation(fmt.Sprintf("%s:%d", entry, n)) }

// Pointer cites a place in a JSON entry.
func Pointer(entry, pointer string) Citation { return Citation(entry + "#" + pointer) }
