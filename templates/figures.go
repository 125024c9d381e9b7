package templates

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/debrief-sre/debrief/report"
)

// Figures that are unknown are nil in a report and "unknown" in a document.

// seconds writes a duration in seconds, given as a number or nil, for people.
func seconds(v any) (string, error) {
	f, known, err := figure(v)
	if err != nil || !known {
		return "unknown", err
	}
	return report.Length(time.Duration(math.Round(f)) * time.Second), nil
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
	return report.Count(f), nil
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
