package picture

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/debrief-sre/debrief/report"
)

// plain makes collected text fit for a picture: one line, without control
// characters, without invisible ones that change how the rest reads, and
// without the towers of accents that would cover other text.
func plain(s string) string {
	accents := 0
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			if accents++; accents > 2 {
				return -1
			}
			return r
		}
		accents = 0
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // Cc, Cf with the bidirectional controls, Cs, Co, Cn
			return -1
		default:
			return r
		}
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest-1]) + "…"
	}
	return s
}

// longest is what a text of the report may be: it stands in every picture
// several times, and in full only where pointing at a mark shows it.
const longest = 300

// fit cuts a text to a width in units at a size of the font. Fonts differ: the
// measure is a wide one.
func fit(s string, width, size float64) string {
	if ems(s)*size <= width {
		return s
	}
	room := width/size - 1 // for the ellipsis
	for i, r := range s {
		if room -= em(r); room < 0 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// ems is about how wide a text is, in sizes of its font.
func ems(s string) float64 {
	sum := 0.0
	for _, r := range s {
		sum += em(r)
	}
	return sum
}

// em is about how wide a character of DejaVu Sans is, the widest of the fonts
// that systems set their pages in.
func em(r rune) float64 {
	switch {
	case r >= 0x1100: // Hangul, kana, ideographs, symbols, emoji
		return 1.05
	case strings.ContainsRune(" .,:;'|!/\\()[]ijltfrI-", r):
		return 0.41
	case strings.ContainsRune("mwMW@%", r):
		return 0.98
	case unicode.IsUpper(r), strings.ContainsRune("<>=+~", r):
		return 0.81
	default:
		return 0.64
	}
}

// finite gives a figure that can be drawn. What is not one is unknown, and so
// is what no indicator is and would leave nothing of the scale.
func finite(v *float64) (float64, bool) {
	const absurd = 1e15
	if v == nil || math.IsNaN(*v) || math.Abs(*v) > absurd {
		return 0, false
	}
	return *v, true
}

// figure writes a value in the unit of its axis.
func figure(v float64, ratio bool) string {
	if ratio {
		return short(v*100) + " %"
	}
	return short(v)
}

// short writes a figure in few characters: very large and very small ones in
// powers of ten.
func short(v float64) string {
	if a := math.Abs(v); a != 0 && (a >= 1e6 || a < 1e-4) {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return report.Number(v)
}

func clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }

// days is the date of a stretch of time: both where it goes past midnight.
func days(from, to time.Time) string {
	a, b := from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)
	if a == b {
		return a
	}
	return a + " to " + b
}
