package report_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// earlier is a postmortem of an incident the time before this one.
func earlier(slug, service string, before time.Duration) report.Earlier {
	return report.Earlier{PastIncident: report.PastIncident{
		Title: slug, Slug: slug, Link: slug + ".md", Service: service, Date: after(25).Add(-before),
	}}
}

// past is what the report tells, by slugs.
type past struct {
	Ordinal                int
	Rollout, Metric, Image []string
}

func pastOf(i *incident) *past {
	p := report.Build(i.manifest, i.facts, i.options).Past
	if p == nil {
		return nil
	}
	slugs := func(list []report.PastIncident) []string {
		var found []string
		for _, e := range list {
			found = append(found, e.Slug)
		}
		return found
	}
	return &past{p.Ordinal, slugs(p.SameRollout), slugs(p.SameMetric), slugs(p.SameImage)}
}

func TestPast(t *testing.T) {
	const day = 24 * time.Hour
	metric, image := earlier("metric", "shop/cart", day), earlier("image", "shop/cart", 2*day)
	metric.Metrics, image.Images = []string{"latency", "error-rate"}, []string{"web:2"}
	aborted := func(slug string, before time.Duration) report.Earlier {
		e := earlier(slug, "shop/checkout", before)
		e.Aborted = true
		return e
	}
	tests := []struct {
		name    string
		earlier []report.Earlier
		want    *past
	}{
		{"nothing", nil, nil},
		{"nothing alike", []report.Earlier{earlier("other", "shop/cart", day)}, nil},
		{"the document itself", []report.Earlier{aborted("2026-11-22-shop-checkout-r2", 5*time.Second)}, nil},
		{"the same revision an hour before", []report.Earlier{aborted("2026-11-22-shop-checkout-r2", time.Hour)}, &past{Ordinal: 2, Rollout: []string{"2026-11-22-shop-checkout-r2"}}},
		{"a later one", []report.Earlier{aborted("later", -time.Second)}, nil},
		{"at the same moment", []report.Earlier{aborted("same", 0)}, nil},
		{"just within", []report.Earlier{aborted("a", 30*day)}, &past{Ordinal: 2, Rollout: []string{"a"}}},
		{"just too early", []report.Earlier{aborted("a", 30*day+time.Second)}, nil},
		{"third, latest first", []report.Earlier{aborted("old", 9*day), aborted("new", time.Second)}, &past{Ordinal: 3, Rollout: []string{"new", "old"}}},
		{"not all aborted", []report.Earlier{aborted("a", day), earlier("done", "shop/checkout", 2*day)}, &past{Ordinal: 2, Rollout: []string{"a", "done"}}},
		{"copies count once", []report.Earlier{aborted("a", day), aborted("a", day), aborted("a", 2*day)}, &past{Ordinal: 2, Rollout: []string{"a"}}},
		{"same metric", []report.Earlier{metric}, &past{Ordinal: 1, Metric: []string{"metric"}}},
		{"same image", []report.Earlier{image}, &past{Ordinal: 1, Image: []string{"image"}}},
		{"another namespace", []report.Earlier{earlier("x", "test/checkout", day)}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			i := newIncident()
			i.options.Earlier = test.earlier
			if diff := cmp.Diff(test.want, pastOf(i)); diff != "" {
				t.Error(diff)
			}
			slices.Reverse(i.options.Earlier)
			if diff := cmp.Diff(test.want, pastOf(i)); diff != "" {
				t.Errorf("in another order: %s", diff)
			}
		})
	}
}

// TestPastOfNoAbort has no place among the aborts.
func TestPastOfNoAbort(t *testing.T) {
	i := newIncident()
	i.facts.Rollout.Abort = nil
	i.drop(timeline.RolloutAborted)
	i.options.Earlier = aborts(1, 2)
	if p := pastOf(i); p == nil || p.Ordinal != 0 || len(p.Rollout) != 2 {
		t.Errorf("past is %+v", p)
	}
}
