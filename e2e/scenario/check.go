package scenario

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/e2e/pagerduty"
)

// tolerance is how far debrief's times may be from the APIs'.
const tolerance = time.Second

// findings collects everything that is wrong, so that one run tells it all.
type findings struct{ errs []error }

func (f *findings) addf(format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf(format, args...))
}

// CheckCluster holds the cluster itself against the story: every moment that
// debrief shall tell of must be known to an API. It asks debrief nothing.
func (a *Actors) CheckCluster(ctx context.Context) (*Truth, error) {
	want := a.Story.Expect
	if want.NoIncident {
		return nil, nil
	}
	t, err := a.learn(ctx)
	if err != nil {
		return nil, err
	}
	var f findings
	for _, kind := range slices.Concat(want.Moments, want.Told) {
		if len(t.moments[kind]) == 0 {
			f.addf("no API knows of a %s", kind)
		}
	}
	for _, kind := range want.Absent {
		if len(t.moments[kind]) > 0 {
			f.addf("there was a %s at %v", kind, t.moments[kind])
		}
	}
	if !slices.Equal(t.Weights, want.Weights) {
		f.addf("the canary's weights were %v, want %v", t.Weights, want.Weights)
	}
	if (a.canary.Total > 0) != (len(t.Weights) > 0 || a.Story.Rollout.BlueGreen) {
		f.addf("the canary's weights were %v, but it got %d requests", t.Weights, a.canary.Total)
	}
	if err := errors.Join(f.errs...); err != nil {
		return nil, fmt.Errorf("the lab is wrong about %s: %w", a.Ref, err)
	}
	return t, nil
}

// Check runs debrief on the story and holds its answer against the truth. It
// returns the story's verdict in a few words.
func (a *Actors) Check(ctx context.Context, dir string, truth *Truth) (string, error) {
	out, err := a.generate(ctx, dir)
	if err != nil {
		return "", err
	}
	if a.Story.Expect.NoIncident {
		return a.Ref.String() + " had no incident", out.saysNoIncident()
	}
	foreigners, err := a.foreigners(ctx)
	if err != nil {
		return "", err
	}
	path, err := out.document(".json")
	if err != nil {
		return "", err
	}
	report, raw, err := readReport(path)
	if err != nil {
		return "", err
	}
	var f findings
	a.checkSubject(&f, report, truth, path)
	a.checkExit(&f, report, out)
	a.checkAbort(&f, report, truth)
	a.checkMoments(&f, report, truth)
	checkOrder(&f, report)
	a.checkImpact(&f, report)
	a.checkMeasures(&f, report, truth)
	checkForeigners(&f, raw, foreigners)
	a.checkDocuments(&f, out, report, truth)
	return a.verdict(report), errors.Join(f.errs...)
}

// verdict tells what debrief found in one line.
func (a *Actors) verdict(r *report) string {
	line := fmt.Sprintf("%s r%v aborted %s, cause %s (%s)",
		a.Ref, r.Incident.Revision, r.Abort.Time.Format(time.TimeOnly), r.Abort.Cause, r.Abort.Confidence)
	if i := r.impactOf(a.Story.App); i != nil && i.Canary != nil {
		line += fmt.Sprintf(", canary %.0f of %.0f failed", i.Canary.Bad, i.Canary.Total)
	}
	return line
}

// saysNoIncident checks that debrief refused to invent a story.
func (o *outcome) saysNoIncident() error {
	var f findings
	if o.exit != exitFailed {
		f.addf("debrief ended with %d, want %d for a healthy rollout", o.exit, exitFailed)
	}
	if !strings.Contains(strings.ToLower(o.stderr), "no incident") {
		f.addf("debrief does not say that there is no incident, but: %q", o.stderr)
	}
	if files, _ := filepath.Glob(filepath.Join(o.dir, "*")); len(files) > 0 {
		f.addf("debrief wrote files about a healthy rollout: %v", files)
	}
	return errors.Join(f.errs...)
}

func (a *Actors) checkSubject(f *findings, r *report, t *Truth, path string) {
	s := r.Incident.Subject
	if s.Kind != "Rollout" || s.Namespace != Namespace || s.Name != a.Story.App || s.UID != string(a.Aborted.UID) {
		f.addf("the subject is %+v, want Rollout %s with UID %s", s, a.Ref, a.Aborted.UID)
	}
	if got := fmt.Sprint(r.Incident.Revision); got != t.Revision {
		f.addf("the revision is %s, want %s", got, t.Revision)
	}
	if fmt.Sprint(r.SchemaVersion) == "" || r.SchemaVersion == nil {
		f.addf("the document has no schema version")
	}
	name := fmt.Sprintf("-%s-%s-r%s.json", Namespace, a.Story.App, t.Revision)
	base := filepath.Base(path)
	if _, err := time.Parse(time.DateOnly, strings.TrimSuffix(base, name)); err != nil {
		f.addf("the file is named %s, want YYYY-MM-DD%s", base, name)
	}
}

// checkExit checks that the exit code and the coverage agree, and that every
// source was there to be asked: all of them were.
func (a *Actors) checkExit(f *findings, r *report, out *outcome) {
	want := exitDone
	if len(r.Coverage) == 0 {
		f.addf("there is no coverage")
	}
	for _, c := range r.Coverage {
		switch c.Status {
		case "ok":
		case "partial":
			want = exitGaps
		default:
			want = exitGaps
			f.addf("source %s is %s though it was there: %s", c.Source, c.Status, c.Reason)
		}
	}
	if out.exit != want {
		f.addf("debrief ended with %d, but its coverage means %d; it said: %s", out.exit, want, out.stderr)
	}
}

func (a *Actors) checkAbort(f *findings, r *report, t *Truth) {
	want := a.Story.Expect
	if r.Abort.Cause != want.Cause {
		f.addf("the cause is %q, want %q (message %q)", r.Abort.Cause, want.Cause, r.Abort.Message)
	}
	if !slices.Contains(want.Confidence, r.Abort.Confidence) {
		f.addf("the confidence is %q, want one of %q", r.Abort.Confidence, want.Confidence)
	}
	if !strings.Contains(r.Abort.Message, want.Message) {
		f.addf("the message %q does not contain %q", r.Abort.Message, want.Message)
	}
	if !near(r.Abort.Time.Time, t.first(rolloutAborted)) {
		f.addf("the abort is at %s, the API says %s", r.Abort.Time, t.first(rolloutAborted))
	}
}

// checkMoments checks that the key moments stand where the APIs have them,
// each once, and that nothing stands there that did not happen.
func (a *Actors) checkMoments(f *findings, r *report, t *Truth) {
	want := a.Story.Expect
	for _, e := range r.Events {
		if !slices.Contains(kinds, e.Kind) {
			f.addf("event %q is of the unknown kind %q", e.Title, e.Kind)
		}
	}
	for _, kind := range want.Absent {
		for _, e := range r.ofKind(kind) {
			// What came before belongs to earlier revisions.
			if e.Key || !e.Time.Before(t.first(rolloutStarted)) {
				f.addf("there is a %s at %s that did not happen: %q", kind, e.Time, e.Title)
			}
		}
	}
	for _, kind := range want.Moments {
		for _, at := range t.moments[kind] {
			checkMoment(f, r, kind, at)
		}
	}
	for _, kind := range want.Told {
		for _, at := range t.moments[kind] {
			if !slices.ContainsFunc(r.ofKind(kind), func(e reportEvent) bool { return near(e.Time.Time, at) }) {
				f.addf("there is no %s at %s", kind, at.Format(time.TimeOnly))
			}
		}
	}
	for _, kind := range want.Around {
		from, to := t.first(trafficShifted).Add(-tolerance), t.first(rolloutAborted).Add(15*time.Second)
		all := r.ofKind(kind)
		if !slices.ContainsFunc(all, func(e reportEvent) bool {
			return e.Key && !e.Time.Before(from) && !e.Time.After(to)
		}) {
			f.addf("there is no key %s between %s and %s; all of the kind: %v", kind, from, to, all)
		}
	}
}

// chains are kinds of events that cause each other, in that order. Clocks that
// tell whole seconds may hide it; debrief may not.
var chains = [][]string{
	{rolloutStarted, trafficShifted, analysisStarted, analysisFailed, rolloutAborted, trafficRestored, scaledDown},
	{alertPending, alertFiring, pageTriggered, pageAcknowledged, pageResolved},
	{trafficShifted, sliBreached, sliRecovered},
}

// checkOrder checks that causes stand before what they cause.
func checkOrder(f *findings, r *report) {
	for _, chain := range chains {
		before := -1
		for _, kind := range chain {
			at := slices.IndexFunc(r.Events, func(e reportEvent) bool { return e.Kind == kind })
			if at < 0 {
				continue // whether it has to be there is not asked here
			}
			if at < before {
				f.addf("%s at %s stands before %s at %s, which caused it",
					kind, r.Events[at].Time.Format(time.StampMicro), r.Events[before].Kind, r.Events[before].Time.Format(time.StampMicro))
			}
			before = max(before, at)
		}
	}
}

// checkMoment checks that there is exactly one key event of a kind at a time,
// with evidence.
func checkMoment(f *findings, r *report, kind string, at time.Time) {
	var found []reportEvent
	var times []string
	for _, e := range r.ofKind(kind) {
		times = append(times, fmt.Sprintf("%s (key %t)", e.Time.Format(time.TimeOnly), e.Key))
		if near(e.Time.Time, at) && e.Key {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		f.addf("there are %d key %s at %s, want 1; all of the kind: %v", len(found), kind, at.Format(time.TimeOnly), times)
		return
	}
	if len(found[0].Evidence) == 0 {
		f.addf("the %s at %s has no evidence", kind, at)
	}
}

// near compares times by the whole seconds in which most APIs tell them.
func near(x, y time.Time) bool {
	return x.Truncate(time.Second).Sub(y.Truncate(time.Second)).Abs() <= tolerance
}

// impactOf is the impact on the app's objective.
func (r *report) impactOf(app string) *impact {
	for i := range r.Impact {
		if r.Impact[i].Objective == app+"-availability" {
			return &r.Impact[i]
		}
	}
	return nil
}

// checkImpact holds the counts against the workload's own counters.
func (a *Actors) checkImpact(f *findings, r *report) {
	i := r.impactOf(a.Story.App)
	if i == nil {
		f.addf("there is no impact on %s-availability", a.Story.App)
		return
	}
	if i.Canary == nil && a.canary.Total == 0 {
		return // no share of nothing
	}
	if i.Canary == nil {
		f.addf("the impact on %s-availability does not tell the canary's share", a.Story.App)
		return
	}
	if i.Canary.Bad != float64(a.canary.Bad) || i.Canary.Total != float64(a.canary.Total) {
		f.addf("the canary served %.0f requests and failed %.0f, the workload counted %d and %d",
			i.Canary.Total, i.Canary.Bad, a.canary.Total, a.canary.Bad)
	}
	all := a.Lab.Workload.All(a.Story.App)
	if i.Bad < float64(a.canary.Bad) || i.Bad > float64(all.Bad) || i.Total < float64(a.canary.Total) || i.Total > float64(all.Total) {
		f.addf("%.0f of %.0f requests failed in all, the workload counted at least %v and at most %v", i.Bad, i.Total, a.canary, all)
	}
	if a.canary.Bad > 0 && (i.Consumed <= 0 || math.IsInf(i.Consumed, 0)) {
		f.addf("%d failed requests consumed %v of the budget", a.canary.Bad, i.Consumed)
	}
}

// checkMeasures checks the time to acknowledge, which two pages of the same
// source define; the others are asked only to be there, and in order.
func (a *Actors) checkMeasures(f *findings, r *report, t *Truth) {
	m := r.Measures
	if a.Page != nil {
		want := t.first(pageAcknowledged).Sub(t.first(pageTriggered)).Seconds()
		if m.TTA == nil || math.Abs(*m.TTA-want) > tolerance.Seconds() {
			f.addf("the time to acknowledge is %v, want %v", value(m.TTA), want)
		}
	}
	if a.canary.Bad > 0 && (m.TTD == nil || m.TTM == nil || *m.TTD < 0 || *m.TTM < *m.TTD) {
		f.addf("the times to detect and to mitigate are %v and %v", value(m.TTD), value(m.TTM))
	}
}

func value(x *float64) any {
	if x == nil {
		return "unknown"
	}
	return *x
}

// checkForeigners checks that no other rollout's story leaked into this one.
func checkForeigners(f *findings, raw []byte, foreigners []string) {
	for _, name := range foreigners {
		if at := bytes.Index(raw, []byte(name)); at >= 0 {
			f.addf("another rollout's %s leaked in: ...%s...", name, raw[max(0, at-120):min(len(raw), at+120)])
		}
	}
}

// checkDocuments checks what people read: the facts that must stand in it, and
// the name that must not.
func (a *Actors) checkDocuments(f *findings, out *outcome, r *report, t *Truth) {
	for _, ending := range []string{".md", ".html", ".json"} {
		path, err := out.document(ending)
		if err != nil {
			f.addf("%w", err)
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			f.addf("reading a document: %w", err)
			continue
		}
		if bytes.Contains(text, []byte(pagerduty.OnCall)) {
			f.addf("the %s document names the on-call engineer", ending)
		}
		if ending == ".md" {
			checkFacts(f, string(text), a.Story.Document, r, t)
		}
	}
}
