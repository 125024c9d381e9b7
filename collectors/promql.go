package collectors

import (
	"fmt"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

var promQL = parser.NewParser(parser.Options{})

// CounterSelectors finds the counters behind an expression that counts events,
// as selectors of their raw series. It understands a counter, its rate or
// increase, sums of these, and additions. Anything else, such as a quotient or
// an offset, counts no events that could be told from raw samples, and is an
// error that names it.
func CounterSelectors(expr string) ([]string, error) {
	parsed, err := promQL.ParseExpr(expr)
	if err != nil {
		return nil, fmt.Errorf("not PromQL: %w", err)
	}
	c, err := countersIn(parsed)
	if err != nil {
		return nil, err
	}
	return c.selectors, nil
}

// counterExpr is what an expression counts.
type counterExpr struct {
	selectors []string
	metrics   []string // their names, empty for one that selects by pattern
	rated     bool     // all are under a rate or increase, so they surely are counters
}

func (c counterExpr) plus(d counterExpr) counterExpr {
	return counterExpr{
		selectors: append(c.selectors[:len(c.selectors):len(c.selectors)], d.selectors...),
		metrics:   append(c.metrics[:len(c.metrics):len(c.metrics)], d.metrics...),
		rated:     c.rated && d.rated,
	}
}

func countersIn(expr parser.Expr) (counterExpr, error) {
	switch e := withoutParens(expr).(type) {
	case *parser.VectorSelector:
		return counterOf(e)
	case *parser.AggregateExpr:
		if e.Op != parser.SUM {
			return counterExpr{}, notCounter(e, "only sum adds events up")
		}
		return countersIn(e.Expr)
	case *parser.Call:
		return countersInCall(e)
	case *parser.BinaryExpr:
		return countersInBinary(e)
	default:
		return counterExpr{}, notCounter(e, "")
	}
}

func counterOf(s *parser.VectorSelector) (counterExpr, error) {
	plain := parser.VectorSelector{Name: s.Name, LabelMatchers: s.LabelMatchers}
	if s.String() != plain.String() {
		return counterExpr{}, notCounter(s, "offsets, @ and other modifiers have no place in it")
	}
	return counterExpr{selectors: []string{plain.String()}, metrics: []string{metricName(s)}}, nil
}

// metricName is the metric that a selector names, empty for a pattern.
func metricName(s *parser.VectorSelector) string {
	if s.Name != "" {
		return s.Name
	}
	for _, m := range s.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}

func countersInCall(e *parser.Call) (counterExpr, error) {
	switch e.Func.Name {
	case "rate", "increase", "irate":
	default:
		return counterExpr{}, notCounter(e, "only rate, irate and increase are understood")
	}
	matrix, ok := withoutParens(e.Args[0]).(*parser.MatrixSelector)
	if !ok {
		return counterExpr{}, notCounter(e, "a subquery is no counter")
	}
	selector, ok := matrix.VectorSelector.(*parser.VectorSelector)
	if !ok {
		return counterExpr{}, notCounter(e, "")
	}
	c, err := counterOf(selector)
	c.rated = true
	return c, err
}

func countersInBinary(e *parser.BinaryExpr) (counterExpr, error) {
	if e.Op == parser.LOR && isZeroVector(e.RHS) {
		return countersIn(e.LHS) // "or vector(0)" adds no events
	}
	if e.Op != parser.ADD {
		return counterExpr{}, notCounter(e, "counters can only be added")
	}
	left, err := countersIn(e.LHS)
	if err != nil {
		return counterExpr{}, err
	}
	right, err := countersIn(e.RHS)
	if err != nil {
		return counterExpr{}, err
	}
	return left.plus(right), nil
}

func isZeroVector(expr parser.Expr) bool {
	call, ok := withoutParens(expr).(*parser.Call)
	if !ok || call.Func.Name != "vector" {
		return false
	}
	number, ok := withoutParens(call.Args[0]).(*parser.NumberLiteral)
	return ok && number.Val == 0
}

func notCounter(expr parser.Expr, why string) error {
	if why != "" {
		why = ": " + why
	}
	return fmt.Errorf(`%q counts no events%s; give a counter such as http_requests_total{app="checkout"}, or a sum, rate or increase of one`, expr.String(), why)
}

func withoutParens(expr parser.Expr) parser.Expr {
	for {
		p, ok := expr.(*parser.ParenExpr)
		if !ok {
			return expr
		}
		expr = p.Expr
	}
}

// ratio is an expression of the form A / B with counters in both.
type ratio struct {
	numerator, denominator string // in PromQL
}

// ratioOf takes an analysis query apart, if it is a share of events. Averages
// such as seconds per request are quotients of counters too, but no shares.
func ratioOf(query string) (ratio, bool) {
	parsed, err := promQL.ParseExpr(query)
	if err != nil {
		return ratio{}, false
	}
	quotient, ok := unscaled(parsed).(*parser.BinaryExpr)
	if !ok || quotient.Op != parser.DIV {
		return ratio{}, false
	}
	above, below := unscaled(quotient.LHS), unscaled(quotient.RHS)
	a, errA := countersIn(above)
	b, errB := countersIn(below)
	if errA != nil || errB != nil || !a.rated || !b.rated {
		return ratio{}, false
	}
	for _, name := range append(a.metrics, b.metrics...) {
		if name == "" || strings.HasSuffix(name, "_sum") {
			return ratio{}, false
		}
	}
	return ratio{numerator: above.String(), denominator: below.String()}, true
}

// unscaled strips what does not change which events a ratio is of:
// parentheses, a constant factor that makes percent of it, a fallback.
func unscaled(expr parser.Expr) parser.Expr {
	expr = withoutParens(expr)
	e, ok := expr.(*parser.BinaryExpr)
	if !ok {
		return expr
	}
	_, leftNumber := withoutParens(e.LHS).(*parser.NumberLiteral)
	_, rightNumber := withoutParens(e.RHS).(*parser.NumberLiteral)
	switch {
	case e.Op == parser.MUL && leftNumber:
		return unscaled(e.RHS)
	case e.Op == parser.MUL && rightNumber, e.Op == parser.LOR && isZeroVector(e.RHS):
		return unscaled(e.LHS)
	default:
		return expr
	}
}
