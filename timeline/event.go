package timeline

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
)

// Event is one thing that happened, as one or more sources tell it.
type Event struct {
	ID     string    // stable: the same happening has the same id in every run
	Time   time.Time // as the source states it, UTC; never corrected
	End    time.Time // zero for a moment
	Kind   Kind
	Source string // the collector's name: argo, kubernetes, prometheus, pagerduty
	Title  string // one line, plain text, a statement of fact
	Detail string // more of it, plain text; may be empty
	Key    bool   // one of the key moments of the main timeline
	// Notable marks an event that stands out among its kind, such as a failed
	// measurement among passed ones.
	Notable bool
	Weight  int // percent of traffic, for traffic.shifted

	// Precision is how exact Time is: the event truly happened within
	// [Time, Time+Precision), or, when Sampled, within (Time-Precision, Time].
	Precision time.Duration
	Sampled   bool
	Clock     string // whose clock stamped Time, such as "kube-apiserver" or "pagerduty"

	Subject  evidence.Object
	Role     string // who acted, as a role such as "on-call engineer"
	Actor    string // id of the [Person] who acted; empty for anything but people
	Evidence []evidence.Citation
	Links    []Link

	// Same identifies the happening across sources: events with the same
	// non-empty value that lie within [SameWithin] of each other are one.
	Same string
	// Authority says whose account wins when events are merged.
	Authority Authority
}

// Link leads to more about an event in the source's own interface.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Authority ranks accounts of the same happening.
type Authority int

// The authorities, weakest first.
const (
	FromNotification Authority = iota // somebody was told
	FromEvent                         // an event was recorded, at the source's convenience
	FromStatus                        // the object's own status says so
)

// SameWithin is how far apart two accounts of the same happening may be stamped.
const SameWithin = 5 * time.Second

// Earliest is the first moment at which the event may truly have happened.
func (e Event) Earliest() time.Time {
	if e.Sampled {
		return e.Time.Add(-e.Precision)
	}
	return e.Time
}

// Latest is the last such moment.
func (e Event) Latest() time.Time {
	if e.Sampled || e.Precision <= 0 {
		return e.Time
	}
	return e.Time.Add(e.Precision - time.Nanosecond)
}

// identify sets the event's id from what it is, not from how it was found.
func (e *Event) identify() {
	what := e.Same
	if what == "" {
		what = strings.Join([]string{e.Source, e.Title, e.Detail}, "\x00")
	}
	id := strings.Join([]string{string(e.Kind), e.Subject.Kind, e.Subject.UID, e.Subject.Name, what, e.Time.UTC().Format(time.RFC3339)}, "\x00")
	sum := sha256.Sum256([]byte(id))
	e.ID = "e-" + hex.EncodeToString(sum[:5])
}
