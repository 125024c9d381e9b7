package templates

import (
	"text/template"
	"time"

	"github.com/debrief-sre/debrief/timeline"
)

// function is what templates may call beside sprig's functions.
type function struct {
	name, arguments, doc string
	call                 any
}

// ours are all of our functions, in the order of the documentation.
var ours = []function{
	{"text", "STRING", "the string as running text or in a table's cell: escaped, on one line", text},
	{"code", "STRING", "the string as a code span, nothing for an empty one", code},
	{"fence", "LANGUAGE STRING", "the string as a fenced block of code", fence},
	{"link", "TITLE PATH", "a link to a file near the document; for any other address the title alone", link},
	{"prompt", "QUESTION", "a question that a person has to answer; `debrief lint` counts those that are open", prompt},

	{"clock", "TIME", "the time of day in UTC, as 14:33:05", func(t time.Time) string { return t.UTC().Format(time.TimeOnly) }},
	{"day", "TIME", "the date in UTC, as 2026-01-15", func(t time.Time) string { return t.UTC().Format(time.DateOnly) }},
	{"instant", "TIME", "date and time, as 2026-01-15 14:33:05 UTC", func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }},

	{"seconds", "NUMBER", "a duration, as 1 min 10 s", seconds},
	{"minutes", "NUMBER", "minutes with one decimal, or with two digits below one", minutes},
	{"count", "NUMBER", "a whole number, as 1,192", count},
	{"number", "NUMBER", "a number with four significant digits", number},
	{"percent", "RATIO", "a ratio as a percentage: 0.0005 is 0.05 %", percent},
	{"positive", "NUMBER", "whether the number is known and above zero", positive},
	{"ordinal", "INTEGER", "a place in a row, as 3rd", ordinal},
	{"short", "VALUE", "a measured value such as [0.5145172] cut to three decimals", timeline.ShortValue},

	{"keyOnly", "EVENTS", "the events that tell the story in short; .KeyMoments are those of the whole report", keyMoments},
	{"ofKind", "EVENTS KIND...", "the events of these kinds; alert is every kind that begins with alert.", ofKind},
	{"during", "EVENTS PHASE", "the events from a phase's start until before its end", during},
	{"from", "EVENTS SOURCE", "the events that a source told", from},
	{"roles", "EVENTS", "who acted, each role once", roles},

	{"headline", "VIEW", "the incident in one line; call it with $ or the document's dot", func(v View) string { return Headline(v.Report) }},
	{"images", "IMAGES", "the change of images in running text", images},
	{"cause", "CAUSE", "what an abort's cause means, as in: a failed analysis", causeWords},
	{"condition", "METRIC", "what an analysis metric was held against", condition},
	{"citations", "CITATIONS", "the evidence of a statement, at most two entries of the bundle", citations},
	{"basis", "EVENT", "what an event rests on: its evidence as citations writes it, or that a reviewer states it", basis},
	{"gantt", "PHASES", "the phases as a Mermaid diagram; keep a table beside it", gantt},
}

func functions() template.FuncMap {
	funcs := template.FuncMap{}
	for _, f := range ours {
		funcs[f.name] = f.call
	}
	return funcs
}
