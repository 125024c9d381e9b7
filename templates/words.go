package templates

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// PromptMark is what marks a question that only a person can answer.
const PromptMark = "<!-- debrief:prompt -->"

// prompt asks a question. The mark comes second: at the start of a line a
// comment would keep the rest of it from being read as Markdown.
func prompt(question string) string { return "_" + question + "_ " + PromptMark }

// condition states what a metric was held against.
func condition(m report.Metric) string {
	switch {
	case m.Success != "" && m.Failure != "":
		return "success condition " + code(m.Success) + ", failure condition " + code(m.Failure)
	case m.Success != "":
		return "success condition " + code(m.Success)
	case m.Failure != "":
		return "failure condition " + code(m.Failure)
	default:
		return "no condition"
	}
}

// citations lists the evidence of a statement; long lists are cut short, the
// JSON form has them whole.
func citations(list []evidence.Citation) string {
	const most = 2
	var parts []string
	for i, c := range list {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-most))
			break
		}
		parts = append(parts, code(string(c)))
	}
	return strings.Join(parts, ", ")
}

// basis says what an event rests on: its evidence, or the word of a reviewer.
func basis(e report.Event) string {
	if e.Reviewed != nil && e.Reviewed.Added {
		return "stated by a reviewer"
	}
	return citations(e.Evidence)
}

// Headline names the incident in one line.
func Headline(r report.Report) string {
	if r.Incident.Subject.Kind == publicKind {
		return fmt.Sprintf("Incident of %s on %s", r.Incident.Subject.Name, dayOf(r).UTC().Format(time.DateOnly))
	}
	kind := "Canary"
	if r.Change.Strategy == "blueGreen" {
		kind = "Blue-Green"
	}
	what := fmt.Sprintf("%s Rollout of %s (Revision %d)", kind, printable.Line(r.Incident.Subject.Name), r.Incident.Revision)
	if r.Abort == nil {
		return what
	}
	switch r.Abort.Cause {
	case timeline.CauseAnalysis:
		return what + " Aborted after Failed Analysis"
	case timeline.CauseExperiment:
		return what + " Aborted after Failed Experiment"
	case timeline.CauseProgressDeadline:
		return what + " Aborted at its Progress Deadline"
	case timeline.CauseUser:
		return what + " Aborted by Hand"
	default:
		return what + " Aborted"
	}
}

// ordinal writes a place in a row: 1st, 2nd, 3rd.
func ordinal(n int) string {
	suffix := "th"
	if tens := n % 100; tens < 11 || tens > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// images states the image change in running text.
func images(list []report.Image) string {
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = code(c.To)
		if c.From != "" {
			parts[i] = code(c.From) + " → " + code(c.To)
		}
		if len(list) > 1 {
			parts[i] += " (container " + code(c.Container) + ")"
		}
	}
	return strings.Join(parts, ", ")
}

// causeWords says what an abort's cause means.
func causeWords(c timeline.Cause) string {
	switch c {
	case timeline.CauseAnalysis:
		return "a failed analysis"
	case timeline.CauseExperiment:
		return "a failed experiment"
	case timeline.CausePlugin:
		return "a failed step plugin"
	case timeline.CauseProgressDeadline:
		return "the progress deadline"
	case timeline.CauseUser:
		return "a person or an API call"
	default:
		return "a cause that no source states"
	}
}
