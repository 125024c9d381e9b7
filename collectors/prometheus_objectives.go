package collectors

import (
	"slices"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/slo"
)

// The roles of an objective's counters.
const (
	roleBad   = "bad"
	roleGood  = "good"
	roleTotal = "total"
)

const objectivesEntry = "prometheus/objectives.json"

// objectiveEntry says what was asked for an objective and where the answers are.
type objectiveEntry struct {
	Objective    slo.Objective   `json:"objective"`
	FromAnalysis bool            `json:"fromAnalysis,omitempty"`
	Window       evidence.Window `json:"window"` // of the raw samples
	Counters     []counterEntry  `json:"counters"`
	Budget       string          `json:"budget,omitempty"` // entry with the answers about the objective's own window
}

// counterEntry is one of an objective's counters.
type counterEntry struct {
	Role      string   `json:"role"`
	Selectors []string `json:"selectors"`
	Entry     string   `json:"entry,omitempty"` // with the raw samples
	// Failed tells that not all samples could be had. Without them nothing can
	// be said of the objective: no bad events is not the same as unknown ones.
	Failed bool `json:"failed,omitempty"`
}

// objectivesFor is the configured objectives, else what the analysis queries
// say of good and bad events.
func objectivesFor(configured []slo.Objective, metrics []TargetMetric) []objectiveEntry {
	var entries []objectiveEntry
	for _, o := range configured {
		entries = append(entries, objectiveEntry{Objective: o})
	}
	if len(entries) > 0 {
		return entries
	}
	for _, m := range metrics {
		o, ok := objectiveOf(m)
		known := slices.ContainsFunc(entries, func(e objectiveEntry) bool {
			return e.Objective.Bad == o.Bad && e.Objective.Good == o.Good && e.Objective.Total == o.Total
		})
		if ok && !known {
			entries = append(entries, objectiveEntry{Objective: o, FromAnalysis: true})
		}
	}
	return entries
}

// objectiveOf derives an objective without a target from an analysis metric
// that is a share of events: one that must stay small is of bad events, one
// that must stay large of good ones.
func objectiveOf(m TargetMetric) (slo.Objective, bool) {
	r, ok := ratioOf(m.Query)
	if !ok {
		return slo.Objective{}, false
	}
	o := slo.Objective{Name: m.Name + " (analysis metric)", Total: r.denominator}
	switch boundOf(m.Success, m.Failure) {
	case upper:
		o.Bad = r.numerator
	case lower:
		o.Good = r.numerator
	default:
		return slo.Objective{}, false
	}
	return o, true
}

// counters are the objective's expressions by role, those that it has.
func counters(o slo.Objective) []struct{ role, expr string } {
	all := []struct{ role, expr string }{{roleBad, o.Bad}, {roleGood, o.Good}, {roleTotal, o.Total}}
	return slices.DeleteFunc(all, func(c struct{ role, expr string }) bool { return c.expr == "" })
}
