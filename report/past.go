package report

import (
	"cmp"
	"slices"
	"time"
)

// PastWithin is how long before an incident an earlier one may be to be told
// of. It is counted from the incident, not from today: the document stays as it is.
const PastWithin = 30 * 24 * time.Hour

// Past is what earlier postmortems say about incidents like this one. Each
// list is of incidents before this one, latest first.
type Past struct {
	Within string `json:"within"` // before this incident, such as "30d"
	// Ordinal is this incident's place among the aborts of the rollout in that
	// time: 3 for the third. 0 when this one was not aborted.
	Ordinal     int            `json:"ordinal"`
	SameRollout []PastIncident `json:"sameRollout"`
	SameMetric  []PastIncident `json:"sameMetric"` // the same metric failed, in any rollout
	SameImage   []PastIncident `json:"sameImage"`  // the same image was rolled out, by any rollout
}

// PastIncident is an earlier postmortem. Its title and slug are as people may
// have edited them.
type PastIncident struct {
	Title   string    `json:"title"`
	Date    time.Time `json:"date"`
	Link    string    `json:"link"`    // relative reference to its document, escaped as in a URL
	Slug    string    `json:"slug"`    // of its files
	Service string    `json:"service"` // what it is about, such as "shop/checkout"
}

// Earlier is what an earlier postmortem states of itself.
type Earlier struct {
	PastIncident
	Aborted bool
	Images  []string // that it rolled out
	Metrics []string // that failed
}

// pastOf finds what the report has in common with earlier postmortems; nil for
// nothing. The document itself, and copies of one under the same slug, do not count.
func pastOf(r Report, earlier []Earlier) *Past {
	p := &Past{Within: "30d", SameRollout: []PastIncident{}, SameMetric: []PastIncident{}, SameImage: []PastIncident{}}
	metrics, images := r.FailedMetrics(), r.NewImages()
	rollout, aborts := r.Service(), 0
	for _, e := range before(r, earlier) {
		if e.Service == rollout {
			p.SameRollout = append(p.SameRollout, e.PastIncident)
			if e.Aborted {
				aborts++
			}
		}
		if intersect(metrics, e.Metrics) {
			p.SameMetric = append(p.SameMetric, e.PastIncident)
		}
		if intersect(images, e.Images) {
			p.SameImage = append(p.SameImage, e.PastIncident)
		}
	}
	if len(p.SameRollout)+len(p.SameMetric)+len(p.SameImage) == 0 {
		return nil
	}
	if r.Abort != nil {
		p.Ordinal = aborts + 1
	}
	return p
}

// before are the postmortems of incidents within the time before this one,
// latest first, one for each slug.
func before(r Report, earlier []Earlier) []Earlier {
	now := r.when()
	sorted := slices.SortedFunc(slices.Values(earlier), func(a, b Earlier) int {
		return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(a.Slug, b.Slug), cmp.Compare(a.Link, b.Link))
	})
	var kept []Earlier
	seen := map[string]bool{}
	for _, e := range sorted {
		if seen[e.Slug] || r.wrote(e) || !e.Date.Before(now) || e.Date.Before(now.Add(-PastWithin)) {
			continue
		}
		seen[e.Slug] = true
		kept = append(kept, e)
	}
	return kept
}

// wrote tells whether an earlier postmortem is this incident's own. One of the
// same name is not when both are dated to the second, and apart: the revision
// was aborted, retried and aborted again on one day.
func (r Report) wrote(e Earlier) bool {
	const apart = 10 * time.Second // two accounts of one abort are not
	dayAlone := e.Date.Equal(e.Date.Truncate(24 * time.Hour))
	return e.Slug == r.Name && (dayAlone || r.when().Sub(e.Date).Abs() <= apart)
}

// when is the moment that the incident is dated by: the abort, else the start.
func (r Report) when() time.Time {
	switch {
	case r.Abort != nil:
		return r.Abort.Time
	case r.Incident.Started != nil:
		return *r.Incident.Started
	default:
		return r.Incident.Window.End
	}
}

// Service is the rollout by namespace and name, as documents and indexes call it.
func (r Report) Service() string { return r.Incident.Subject.Namespace + "/" + r.Incident.Subject.Name }

// FailedMetrics are the analysis metrics whose failure counted, sorted.
func (r Report) FailedMetrics() []string {
	var names []string
	for _, a := range r.Analyses {
		for _, m := range a.Metrics {
			if (m.Phase == "Failed" || m.Phase == "Error") && !m.DryRun {
				names = append(names, m.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// NewImages are the images that the revision brought, sorted.
func (r Report) NewImages() []string {
	var images []string
	for _, i := range r.Change.Images {
		images = append(images, i.To)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

func intersect(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// common is how many of the incidents stand in both lists.
func common(a, b []PastIncident) int {
	n := 0
	for _, p := range a {
		if slices.Contains(b, p) {
			n++
		}
	}
	return n
}
