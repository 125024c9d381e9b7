// Package index makes the index of a folder of postmortems: a page for forges,
// one for browsers, a feed, and the figures as JSON for other tools.
//
// It states what the documents state. What a document does not tell is unknown
// and never zero; sums say of how many incidents they are; documents that cannot
// be read are named. The same documents give the same bytes, whatever order
// they are read in and whenever that is.
package index

import (
	"cmp"
	"slices"
	"time"
)

// Incident is a postmortem as the index knows it. Pointers are null where the
// document does not tell.
type Incident struct {
	Path     string     `json:"path"` // of the Markdown, slashed, relative to the folder
	Page     string     `json:"page,omitempty"`
	Slug     string     `json:"slug"`
	Title    string     `json:"title"`
	Date     time.Time  `json:"date"`    // of the abort, else of the start, else the day alone
	Updated  time.Time  `json:"updated"` // the latest time that the document states
	Status   string     `json:"status,omitempty"`
	Severity string     `json:"severity,omitempty"`
	Services []string   `json:"services"`
	Cause    string     `json:"cause"` // of the abort; see the Cause constants, or what people wrote
	Started  *time.Time `json:"started"`

	Budgets       []Budget `json:"budgets"`       // of the objectives with a target
	RequestsSaved *float64 `json:"requestsSaved"` // by the abort: the largest of the objectives' figures, as they may count the same requests

	TTD *float64 `json:"ttd"` // seconds, as are the others
	TTA *float64 `json:"tta"`
	TTM *float64 `json:"ttm"`
	TTR *float64 `json:"ttr"`

	Actions []Action `json:"openActions"`
}

// The causes that are not those of [github.com/debrief-sre/debrief/timeline].
const (
	CauseUnknown    = "unknown"
	CauseNotAborted = "not aborted" // no rollout was, says the document
)

// Budget is what an incident did to an objective's error budget, in shares of
// the whole: 1 is all of it.
type Budget struct {
	Objective string   `json:"objective"`
	Consumed  *float64 `json:"consumed"`
	Saved     *float64 `json:"saved"` // by the abort: what the requests saved would have consumed
}

// Action is an action item that is not done.
type Action struct {
	Text     string `json:"text"` // its first words
	Type     string `json:"type,omitempty"`
	Owner    string `json:"owner,omitempty"`
	Due      string `json:"due,omitempty"` // as it is written
	Proposed bool   `json:"proposed"`      // by debrief, and nobody has taken it on
}

// Skipped is a file that was left out, or a part of one.
type Skipped struct {
	File   string `json:"file"` // slashed, relative to the folder
	Reason string `json:"reason"`
	// Foreign tells that the file does not mean to be a postmortem. The index
	// is silent about these.
	Foreign bool `json:"-"`
}

// Collection is what a folder of postmortems holds.
type Collection struct {
	Incidents []Incident // newest first
	Skipped   []Skipped  // by file
}

// sort brings a collection into its order, which is total.
func (c *Collection) sort() {
	slices.SortFunc(c.Incidents, func(a, b Incident) int {
		return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(a.Path, b.Path))
	})
	slices.SortFunc(c.Skipped, func(a, b Skipped) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Reason, b.Reason))
	})
}

// updated is the latest time that any document states.
func (c Collection) updated() time.Time {
	var latest time.Time
	for _, i := range c.Incidents {
		if i.Updated.After(latest) {
			latest = i.Updated
		}
	}
	return latest
}
