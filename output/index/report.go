package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/debrief-sre/debrief/report"
)

// figures is what is read of a report.
type figures struct {
	SchemaVersion int             `json:"schemaVersion"`
	Abort         *report.Abort   `json:"abort"`
	Impact        []report.Impact `json:"impact"`
	Measures      report.Measures `json:"measures"`
	Collected     time.Time       `json:"collected"`
	Incident      struct {
		Started, Detected, Mitigated, Resolved *time.Time
	} `json:"incident"`
}

// report takes the figures from the JSON form.
func (r *reader) report(name string) error {
	data, err := r.contents(name, reportSize)
	if err != nil {
		return err
	}
	var f figures
	if err := json.Unmarshal(data, &f); err != nil {
		return errors.New("is no report of debrief's: its figures are not used")
	}
	if f.SchemaVersion != report.SchemaVersion {
		return fmt.Errorf("has schemaVersion %d and not %d: its figures are not used", f.SchemaVersion, report.SchemaVersion)
	}
	i := &r.incident
	i.Cause = CauseNotAborted
	if f.Abort != nil {
		i.Cause = words(string(f.Abort.Cause))
	}
	i.Started = f.Incident.Started
	i.TTD, i.TTA, i.TTM, i.TTR = known(f.Measures.TTD), known(f.Measures.TTA), known(f.Measures.TTM), known(f.Measures.TTR)
	i.Budgets, i.RequestsSaved = []Budget{}, nil
	for _, impact := range f.Impact {
		saved := savedBy(f.Abort, impact)
		if saved != nil && (i.RequestsSaved == nil || *saved > *i.RequestsSaved) {
			i.RequestsSaved = saved
		}
		if impact.Target != nil {
			i.Budgets = append(i.Budgets, Budget{Objective: words(impact.Objective), Consumed: known(impact.Consumed), Saved: share(saved, impact.AllowedBad)})
		}
	}
	i.Updated = latest(&i.Updated, f.Incident.Resolved, f.Incident.Mitigated, &f.Collected)
	i.Updated = i.Updated.UTC()
	return nil
}

// savedBy is how many requests the abort kept from failing; nothing without one.
func savedBy(abort *report.Abort, impact report.Impact) *float64 {
	none := 0.0
	switch {
	case abort == nil:
		return &none
	case impact.Canary == nil:
		return nil
	default:
		return known(&impact.Canary.Saved)
	}
}

// share is a number of requests as a share of those that may fail.
func share(requests, allowed *float64) *float64 {
	if requests == nil || allowed == nil || *allowed <= 0 {
		return nil
	}
	s := *requests / *allowed
	return known(&s)
}

func known(f *float64) *float64 {
	if f == nil || !sound(*f) {
		return nil
	}
	return f
}
