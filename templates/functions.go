package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/timeline"
)

// functions are those that templates may call beside sprig's.
func functions() template.FuncMap {
	return template.FuncMap{
		"text":      text,
		"code":      code,
		"fence":     fence,
		"prompt":    prompt,
		"clock":     func(t time.Time) string { return t.UTC().Format(time.TimeOnly) },
		"day":       func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"instant":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" },
		"seconds":   seconds,
		"number":    number,
		"count":     count,
		"positive":  positive,
		"percent":   percent,
		"minutes":   minutes,
		"short":     timeline.ShortValue,
		"condition": condition,
		"citations": citations,
		"headline":  Headline,
		"images":    images,
		"cause":     causeWords,
	}
}

// PromptMark is what marks a question that only a person can answer.
const PromptMark = "<!-- debrief:prompt -->"

// prompt asks a question. The mark comes second: at the start of a line a
// comment would keep the rest of it from being read as Markdown.
func prompt(question string) string { return "_" + question + "_ " + PromptMark }

// seconds writes a duration in seconds, given as a number or nil, for people.
func seconds(v any) (string, error) {
	f, known, err := figure(v)
	if err != nil || !known {
		return "unknown", err
	}
	d := time.Duration(math.Round(f)) * time.Second
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds())), nil
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60), " 0 s"), nil
	default:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60), " 0 min"), nil
	}
}

func number(v any) (string, error) {
	f, known, err := figure(v)
	if err != nil || !known {
		return "unknown", err
	}
	return report.Number(f), nil
}

// percent writes a ratio as a percentage.
func percent(v any) (string, error) {
	f, known, err := figure(v)
	if err != nil || !known {
		return "unknown", err
	}
	return report.Percent(f), nil
}

// minutes writes a number of minutes with one decimal, or more for small ones.
func minutes(v any) (string, error) {
	f, known, err := figure(v)
	if err != nil || !known {
		return "unknown", err
	}
	if math.Abs(f) >= 1 || f == 0 {
		return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64), nil
	}
	return strconv.FormatFloat(f, 'g', 2, 64), nil
}

// count writes a whole number with thousands separated, as in 1,192.
func count(v any) (string, error) {
	f, known, err := figure(v)
	if err != nil || !known {
		return "unknown", err
	}
	digits := strconv.FormatFloat(math.Round(f)+0, 'f', 0, 64) // + 0: no negative zero
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), ","), nil
}

// positive tells whether a figure is known and above zero.
func positive(v any) (bool, error) {
	f, known, err := figure(v)
	return known && f > 0, err
}

// figure takes the numbers that a report holds. Nil is unknown, and so is what
// no division should have given.
func figure(v any) (f float64, known bool, err error) {
	switch v := v.(type) {
	case nil:
		return 0, false, nil
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0), nil
	case *float64:
		if v == nil {
			return 0, false, nil
		}
		return figure(*v)
	case int:
		return float64(v), true, nil
	case *int:
		if v == nil {
			return 0, false, nil
		}
		return float64(*v), true, nil
	case int64:
		return float64(v), true, nil
	default:
		return 0, false, fmt.Errorf("%T is no number", v)
	}
}

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

// Headline names the incident in one line.
func Headline(r report.Report) string {
	kind := "Canary"
	if r.Change.Strategy == "blueGreen" {
		kind = "Blue-Green"
	}
	what := fmt.Sprintf("%s Rollout of %s (Revision %d)", kind, r.Incident.Subject.Name, r.Incident.Revision)
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
