package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/timeline"
)

func missingSLO(s scene) (string, []evidence.Citation) {
	if len(s.manifest.Objectives) > 0 {
		return "", nil
	}
	text := fmt.Sprintf("No service level objective applied to %s, so ", s.facts.Rollout.Subject)
	for _, i := range s.report.Impact {
		if i.Measured {
			return text + fmt.Sprintf("the %s failed of %s requests that the analysis's own counters show are held against no error budget.", Count(i.Bad), Count(i.Total)), citedBy(i)
		}
	}
	return text + "no error budget says what the incident cost.", nil
}

func citedBy(i Impact) []evidence.Citation {
	var cited []evidence.Citation
	for _, q := range i.Queries {
		if q.Evidence != "" {
			cited = append(cited, evidence.Citation(q.Evidence))
		}
	}
	return cited
}

// missingAlert needs proof of a failure that an alert should have seen, and a
// server that told of all its alerts. Alerts that left samples but no moment,
// as one that fired throughout, are alerts.
func missingAlert(s scene) (string, []evidence.Citation) {
	failed, found := s.firstOf(func(e timeline.Event) bool {
		return e.Kind == timeline.SLIBreached || e.Kind == timeline.AnalysisMeasured && e.Notable
	})
	if !found || !s.answered("prometheus/alerts") {
		return "", nil
	}
	isAlert := func(e timeline.Event) bool {
		return e.Kind == timeline.AlertFiring || e.Kind == timeline.AlertResolved
	}
	pending, waited := s.first(timeline.AlertPending)
	if slices.ContainsFunc(s.story.Events, isAlert) || !waited && s.objects("prometheus/alerts") > 0 {
		return "", nil
	}
	w := s.story.Window
	text := fmt.Sprintf("%s at %s UTC, and no alert whose labels name the rollout fired from %s to %s UTC.", failed.Title, clock(failed.Time), clock(w.Start), clock(w.End))
	cited := slices.Clone(failed.Evidence)
	if waited {
		text += fmt.Sprintf(" %s at %s UTC and did not fire.", pending.Title, clock(pending.Time))
		cited = append(cited, pending.Evidence...)
	}
	if page, paged := s.first(timeline.PageTriggered); paged {
		text += fmt.Sprintf(" The page at %s UTC came without one.", clock(page.Time))
		cited = append(cited, page.Evidence...)
	}
	return text, cited
}

func (s scene) objects(source string) int {
	n := 0
	for _, c := range s.manifest.Coverage {
		if c.Source == source {
			n += c.Objects
		}
	}
	return n
}

// detectedByPeople compares what people and machines saw first. It speaks only
// when the order is sure, and no source is silent that could tell otherwise.
func detectedByPeople(s scene) (string, []evidence.Citation) {
	person, found := s.firstOf(s.byPerson)
	if !found || !s.answered("prometheus/alerts") || !s.answered("argo/analysisruns") || s.refused("pagerduty") {
		return "", nil
	}
	machine, automatic := s.firstOf(s.byMachine)
	if automatic && !person.Latest().Before(machine.Earliest()) {
		return "", nil
	}
	text := fmt.Sprintf("The first sign is a person's: %s at %s UTC.", person.Title, clock(person.Time))
	cited := slices.Clone(person.Evidence)
	if !automatic {
		return text + " No alert, automatic page or failed measurement is known.", cited
	}
	text += fmt.Sprintf(" The first automatic one came %s later: %s.", Length(machine.Time.Sub(person.Time)), machine.Title)
	return text, append(cited, machine.Evidence...)
}

func (s scene) byPerson(e timeline.Event) bool {
	switch e.Kind {
	case timeline.PageTriggered, timeline.PageAcknowledged:
		return e.Actor != ""
	case timeline.RolloutAborted:
		abort := s.facts.Rollout.Abort
		return abort != nil && abort.Cause == timeline.CauseUser
	default:
		return false
	}
}

func (s scene) byMachine(e timeline.Event) bool {
	switch e.Kind {
	case timeline.AlertFiring, timeline.AnalysisFailed, timeline.AnalysisError:
		return true
	case timeline.AnalysisMeasured:
		return e.Notable
	case timeline.PageTriggered, timeline.RolloutAborted:
		return !s.byPerson(e)
	default:
		return false
	}
}

// refused tells whether a source that is there left anything out.
func (s scene) refused(source string) bool {
	return slices.ContainsFunc(s.manifest.Coverage, func(c evidence.Coverage) bool {
		return (c.Source == source || strings.HasPrefix(c.Source, source+"/")) && c.Gap() && c.Status != evidence.StatusAbsent
	})
}

// slowAck holds the acknowledgement against its target. A page that resolved
// itself within the target needed none.
func slowAck(s scene) (string, []evidence.Citation) {
	m := s.story.Measures
	target := fmt.Sprintf("the target of %s", Length(s.ack))
	switch {
	case m.TTA != nil && *m.TTA > s.ack:
		return fmt.Sprintf("The page of %s UTC was acknowledged after %s, %s above %s.", clock(m.Paged.Time), Length(*m.TTA), Length(*m.TTA-s.ack), target),
			s.cite(m.Paged.Event, m.Acked.Event)
	case m.Acked.Known() || !m.Paged.Known() || !s.answered("pagerduty/log_entries"):
		return "", nil
	}
	until, how := s.manifest.CollectedAt, "when the evidence was collected"
	if e, resolved := s.first(timeline.PageResolved); resolved {
		until, how = e.Time, "when it was resolved"
	}
	if waited := until.Sub(m.Paged.Time); waited > s.ack {
		return fmt.Sprintf("The page of %s UTC had not been acknowledged %s, %s later; %s is exceeded.", clock(m.Paged.Time), how, Length(waited), target), s.cite(m.Paged.Event)
	}
	return "", nil
}

// cite gives the evidence of the story's events with the ids.
func (s scene) cite(ids ...string) []evidence.Citation {
	var cited []evidence.Citation
	for _, e := range s.story.Events {
		if slices.Contains(ids, e.ID) {
			cited = append(cited, e.Evidence...)
		}
	}
	return cited
}

// eventsExpired goes by the coverage of events. That some have expired is told
// in its reason, as its status is only "partial" then.
func eventsExpired(s scene) (string, []evidence.Citation) {
	for _, c := range s.manifest.Coverage {
		if c.Source != "kubernetes/events" || c.Status != evidence.StatusExpired && !(c.Status == evidence.StatusPartial && strings.Contains(c.Reason, "expired")) {
			continue
		}
		text := fmt.Sprintf("Kubernetes events were collected at %s UTC", s.manifest.CollectedAt.UTC().Format(time.DateTime))
		if started := s.facts.Rollout.Started; !started.IsZero() && s.manifest.CollectedAt.After(started) {
			text += fmt.Sprintf(", %s after the update began", Length(s.manifest.CollectedAt.Sub(started)))
		}
		return text + ": " + c.Reason + ".", nil
	}
	return "", nil
}

func coverageGap(s scene) (string, []evidence.Citation) {
	var silent []string
	for _, c := range s.manifest.Coverage {
		if c.Status == evidence.StatusDenied || c.Status == evidence.StatusUnreachable {
			silent = append(silent, fmt.Sprintf("%s (%s)", c.Source, c.Status))
		}
	}
	if len(silent) == 0 {
		return "", nil
	}
	slices.Sort(silent)
	return fmt.Sprintf("%d of %s went unanswered: %s.", len(silent), counted(len(s.manifest.Coverage), "question"), strings.Join(silent, ", ")), nil
}

func unknownAbortCause(s scene) (string, []evidence.Citation) {
	abort := s.facts.Rollout.Abort
	if abort == nil || abort.Cause != timeline.CauseUnknown {
		return "", nil
	}
	return fmt.Sprintf("Revision %d was aborted at %s UTC, and neither the controller's message nor its %s says why.",
		s.facts.Rollout.Revision, clock(abort.Time), counted(len(s.facts.Rollout.Analyses), "AnalysisRun")), abort.Evidence
}

func repeatedAbort(s scene) (string, []evidence.Citation) {
	past := s.report.Past
	if past == nil || past.Ordinal < RepeatedAborts {
		return "", nil
	}
	text := fmt.Sprintf("This is abort %d of %s within %s", past.Ordinal, s.facts.Rollout.Subject, past.Within)
	if n := common(past.SameRollout, past.SameMetric); n > 0 {
		text += fmt.Sprintf("; in %d of the earlier ones the same metric failed", n)
	}
	return text + ".", nil
}
