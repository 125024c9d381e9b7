package redact

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// span is a secret's place in a text. A lower rank is a better name for it.
type span struct {
	start, end int
	rank       int
	rule       string
}

const markerPrefix = "[redacted:"

var markerPattern = regexp.MustCompile(`\[redacted:[a-z0-9-]{2,60}\]`)

func marker(rule string) string { return markerPrefix + rule + "]" }

// withoutMarkers is s without what stands for secrets.
func withoutMarkers(s string) string {
	if !strings.Contains(s, markerPrefix) {
		return s
	}
	return markerPattern.ReplaceAllString(s, "")
}

// settle drops what is redacted already, widens spans that cut into a marker
// to cover it, and merges those that overlap. As every span left covers at
// least one byte that is no marker, replacing them makes progress.
func settle(spans []span, s string) []span {
	if len(spans) == 0 {
		return nil
	}
	var markers [][]int
	if strings.Contains(s, markerPrefix) {
		markers = markerPattern.FindAllStringIndex(s, -1)
	}
	open := spans[:0]
	for _, sp := range spans {
		if sp, ok := widen(sp, s, markers); ok {
			open = append(open, sp)
		}
	}
	spans = open
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.rank, b.rank), cmp.Compare(a.rule, b.rule))
	})
	var merged []span
	for _, sp := range spans {
		if n := len(merged); n > 0 && sp.start < merged[n-1].end {
			last := &merged[n-1]
			last.end = max(last.end, sp.end)
			if sp.rank < last.rank {
				last.rank, last.rule = sp.rank, sp.rule
			}
			continue
		}
		merged = append(merged, sp)
	}
	return merged
}

// widen makes the span cover the markers that it cuts into. It reports false if
// the span is within one or covers nothing else.
func widen(sp span, s string, markers [][]int) (span, bool) {
	if sp.start >= sp.end {
		return sp, false
	}
	first, _ := slices.BinarySearchFunc(markers, sp.start+1, func(m []int, start int) int { return cmp.Compare(m[1], start) })
	fresh := sp.end - sp.start // bytes that are in no marker
	for _, m := range markers[first:] {
		if m[0] >= sp.end {
			break
		}
		fresh -= min(m[1], sp.end) - max(m[0], sp.start)
		sp.start, sp.end = min(sp.start, m[0]), max(sp.end, m[1])
	}
	return sp, fresh > 0
}

// replace puts markers in the place of the spans, which are in order.
func replace(s string, spans []span, counts Counts) string {
	var b strings.Builder
	from := 0
	for _, sp := range spans {
		b.WriteString(s[from:sp.start])
		b.WriteString(marker(sp.rule))
		counts[sp.rule]++
		from = sp.end
	}
	b.WriteString(s[from:])
	return b.String()
}
