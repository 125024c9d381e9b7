package index

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/report"
)

const unknown = "unknown"

// figure writes a figure, or that it is unknown.
func figure(f *float64, write func(float64) string) string {
	if f == nil {
		return unknown
	}
	return write(*f)
}

// sum writes a sum with how much of it is known.
func sum(s Sum, write func(float64) string) string {
	switch {
	case s.Known == 0:
		return unknown
	case s.Known < s.Of:
		return fmt.Sprintf("%s (%d of %d known)", write(*s.Total), s.Known, s.Of)
	default:
		return write(*s.Total)
	}
}

func consumed(b BudgetSum) Sum { return b.Consumed }

// budgets writes shares of error budgets. Named are they where there can be
// several objectives.
func budgets(list []BudgetSum, named bool, of func(BudgetSum) Sum) string {
	parts := make([]string, len(list))
	for i, b := range list {
		parts[i] = sum(of(b), percent)
		if named || len(list) > 1 {
			parts[i] = b.Objective + " " + parts[i]
		}
	}
	if len(parts) == 0 {
		return unknown
	}
	return strings.Join(parts, ", ")
}

func percent(ratio float64) string { return report.Percent(ratio) }

// count writes a whole number with thousands separated, as in 1,192.
func count(f float64) string {
	digits := strconv.FormatFloat(math.Round(f), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// seconds writes a duration, as in "1 min 5 s".
func seconds(f float64) string {
	d := time.Duration(math.Round(min(f, 1e9))) * time.Second
	const daily = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second), " 0 s")
	case d < 2*daily:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute), " 0 min")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%d d %d h", d/daily, d%daily/time.Hour), " 0 h")
	}
}

// counted is a number of things, as in "3 incidents".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// causeWords say a cause in the words of people.
func causeWords(cause string) string {
	said := map[string]string{
		"analysis": "failed analysis", "experiment": "failed experiment", "plugin": "failed step plugin",
		"progressDeadline": "progress deadline", "user": "aborted by hand",
	}
	if text, ok := said[cause]; ok {
		return text
	}
	return cause
}
