package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// counted is a number of things, as in "3 pods".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return whole(float64(n)) + " " + what + "s"
}

// whole writes a count with thousands separated, as in 1,192.
func whole(f float64) string {
	digits := strconv.FormatFloat(math.Round(math.Max(0, f)), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// length writes a duration, as in "1 min 5 s".
func length(d time.Duration) string {
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

func clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }
