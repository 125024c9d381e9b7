package scenario

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"time"
)

// A fact must stand in the Markdown document: every pattern in one and the same
// paragraph, list item or table row. Patterns do not care about case.
type fact struct {
	name     string
	patterns func(r *report, t *Truth) []string
}

// exampleFacts are those of the example postmortem that a machine can know.
var exampleFacts = []fact{
	{"the images, old and new", func(_ *report, t *Truth) []string {
		return []string{regexp.QuoteMeta(t.Old) + `\b`, regexp.QuoteMeta(t.New) + `\b`}
	}},
	{"the start of the rollout", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(rolloutStarted)), `start|roll(ed|ing)? out|revision 2`}
	}},
	{"the share of the traffic", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(trafficShifted)), `\b20\s*%`}
	}},
	{"the start of the analysis", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(analysisStarted)), `analysis`, `start|began|begin`}
	}},
	{"the spike of errors", func(r *report, _ *Truth) []string {
		return []string{clockOf(r, sliBreached), `error|breach|5xx|SLI|budget`}
	}},
	{"the failed analysis", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(analysisFailed)), `analysis`, `fail`}
	}},
	{"the query of the analysis", func(_ *report, t *Truth) []string {
		return []string{`sum\(rate\(nginx_http_requests_total\{service="checkout-canary",status=~"5\.\."\}\[5s\]\)\)`}
	}},
	{"the condition of the analysis and a measured value", func(*report, *Truth) []string {
		return []string{`result\[0\] < 0\.05`, `\b0\.[45]\d*`}
	}},
	{"the abort", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(rolloutAborted)), `abort`}
	}},
	{"that the abort was automatic", func(*report, *Truth) []string {
		return []string{`automatic|no human intervention`, `abort|rollback`}
	}},
	{"the restored traffic", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(trafficRestored)), `traffic`, `restored|stable|100\s*%|\b0\s*%`}
	}},
	{"the page", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(pageTriggered)), `PagerDuty|page`}
	}},
	{"the acknowledgement by the on-call engineer", func(_ *report, t *Truth) []string {
		return []string{clock(t.first(pageAcknowledged)), `on-call engineer`, `acknowledge`}
	}},
	{"the duration", func(*report, *Truth) []string {
		return []string{`duration|lasted|for (a total of )?\d`, `\d+(\.\d+)?\s*(s\b|m\b|sec|min)`}
	}},
	{"the budget consumed", func(*report, *Truth) []string {
		return []string{`budget`, `consum`, `\d(\.\d+)?\s*(%|min)`}
	}},
}

// clock matches a time of day within the tolerance.
func clock(at time.Time) string {
	if at.IsZero() {
		return "a time that no API knows" // matches nothing: the lab's own gap must show
	}
	var seconds []string
	for d := -tolerance; d <= tolerance; d += time.Second {
		seconds = append(seconds, at.UTC().Add(d).Format(time.TimeOnly))
	}
	return "(" + strings.Join(seconds, "|") + ")"
}

// clockOf matches the time of the first event of a kind.
func clockOf(r *report, kind string) string {
	events := r.ofKind(kind)
	if len(events) == 0 {
		return clock(time.Time{})
	}
	return clock(events[0].Time.Time)
}

// checkFacts finds each fact in one block of the document.
func checkFacts(f *findings, document string, facts []fact, r *report, t *Truth) {
	blocks := blocksOf(document)
	for _, fact := range facts {
		patterns := fact.patterns(r, t)
		if !anyBlock(blocks, patterns) {
			f.addf("the document does not tell %s: no block matches %s", fact.name, strings.Join(quoted(patterns), " and "))
		}
	}
}

func anyBlock(blocks, patterns []string) bool {
	for _, block := range blocks {
		matched := 0
		for _, pattern := range patterns {
			if regexp.MustCompile("(?i)" + pattern).MatchString(block) {
				matched++
			}
		}
		if matched == len(patterns) {
			return true
		}
	}
	return false
}

// blocksOf splits Markdown into paragraphs, list items and table rows.
func blocksOf(document string) []string {
	var blocks []string
	var current []string
	flush := func() {
		blocks = append(blocks, plain(strings.Join(current, "\n")))
		current = nil
	}
	for line := range strings.Lines(document) {
		trimmed := strings.TrimSpace(line)
		startsBlock := strings.HasPrefix(trimmed, "|") || strings.HasPrefix(trimmed, "- ") ||
			strings.HasPrefix(trimmed, "* ") || strings.HasPrefix(trimmed, "#")
		if trimmed == "" || startsBlock {
			flush()
		}
		current = append(current, trimmed)
	}
	flush()
	return blocks
}

var markdownEscape = regexp.MustCompile(`\\([[:punct:]])`)

// plain is Markdown as its reader sees it, without escapes.
func plain(block string) string {
	return html.UnescapeString(markdownEscape.ReplaceAllString(block, "$1"))
}

func quoted(patterns []string) []string {
	out := make([]string, len(patterns))
	for i, p := range patterns {
		out[i] = fmt.Sprintf("%q", p)
	}
	return out
}
