package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Percent writes a ratio as a percentage with three significant digits, and
// with more near the whole, where they count: 99.95 % for 0.9995.
func Percent(ratio float64) string {
	if ratio > 0.99 && ratio < 1 {
		return significant(ratio*100, 5) + " %"
	}
	return significant(ratio*100, 3) + " %"
}

// Number writes a figure for people: four significant digits, no exponent.
func Number(f float64) string { return significant(f, 4) }

func significant(f float64, figures int) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "unknown"
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	digits := figures - 1 - int(math.Floor(math.Log10(math.Abs(f))))
	digits = max(0, min(digits, 6))
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// Count writes a whole number with thousands separated, as in 1,192.
func Count(f float64) string {
	digits := strconv.FormatFloat(math.Round(f)+0, 'f', 0, 64) // + 0: no negative zero
	first := 0
	if digits[0] == '-' {
		first = 1
	}
	for i := len(digits) - 3; i > first; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Length writes a duration, as in "1 min 5 s".
func Length(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second), " 0 s")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute), " 0 min")
	}
}

// counted is a number of things, as in "3 pods".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Count(float64(n)) + " " + what + "s"
}

func clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }
