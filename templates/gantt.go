package templates

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/report"
)

// gantt draws phases as a Mermaid diagram in a fenced block, or as nothing when
// there are none. Mermaid knows no escapes, so labels keep only what it takes
// for text; a table with the full names always stands beside the diagram.
func gantt(phases []report.Phase) string {
	if len(phases) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("gantt\n    dateFormat YYYY-MM-DDTHH:mm:ss\n    axisFormat %H:%M:%S\n    todayMarker off\n")
	for _, p := range phases {
		fmt.Fprintf(&b, "    %s : %s\n", ganttLabel(p.Name), ganttSpan(p.Start, p.End))
	}
	return fence("mermaid", b.String())
}

// ganttSpan is a task's data. Mermaid reads times without a zone, and writes
// them the same way. What has no length in whole seconds is a milestone.
func ganttSpan(start, end time.Time) string {
	const layout = "2006-01-02T15:04:05"
	from, to := start.UTC().Truncate(time.Second), end.UTC().Truncate(time.Second)
	if !to.After(from) {
		return "milestone, " + from.Format(layout) + ", 0s"
	}
	return from.Format(layout) + ", " + to.Format(layout)
}

// ganttWords begin statements of Mermaid's, where a line begins with them.
var ganttWords = []string{
	"acc", "axisformat", "call", "click", "dateformat", "excludes", "gantt", "href", "include", "inclusive", "section",
	"tickinterval", "title", "todaymarker", "topaxis", "vert", "weekday", "weekend",
}

// ganttLabel keeps letters, digits and a few marks of a name. What could be
// read as a statement or a date is preceded by a word.
func ganttLabel(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), strings.ContainsRune(" -_./()", r):
			return r
		case unicode.IsSpace(r):
			return ' '
		default:
			return -1
		}
	}, printable.Line(s))
	s = strings.Join(strings.Fields(s), " ")
	first := strings.IndexFunc(s, unicode.IsLetter) == 0
	for _, word := range ganttWords {
		first = first && !strings.HasPrefix(strings.ToLower(s), word)
	}
	if !first {
		return strings.TrimSpace("Phase " + s)
	}
	return s
}
