package collectors

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	exprparser "github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// verdict is what an analysis makes of a measured value.
type verdict int

const (
	passed verdict = iota
	failed
	inconclusive
)

// condition is an analysis metric's own conditions, evaluated as Argo Rollouts
// evaluates them: either may be missing, and then is the other's opposite.
type condition struct {
	success, failure *vm.Program
}

// newCondition compiles the conditions. A metric without any is never judged:
// nothing can fail it.
func newCondition(success, failure string) (*condition, error) {
	if success == "" && failure == "" {
		return nil, errors.New("no condition")
	}
	c := &condition{}
	for _, part := range []struct {
		text string
		into **vm.Program
	}{{success, &c.success}, {failure, &c.failure}} {
		if part.text == "" {
			continue
		}
		program, err := expr.Compile(part.text)
		if err != nil {
			return nil, fmt.Errorf("condition %q: %w", part.text, err)
		}
		*part.into = program
	}
	return c, nil
}

// judge evaluates the conditions for a result, a []float64 for a query that
// gives a vector and a float64 for one that gives a scalar. An error is what
// the analysis would count as one, such as a result without the element asked for.
func (c *condition) judge(result any) (verdict, error) {
	var succeeds, fails bool
	var err error
	if c.success != nil {
		if succeeds, err = evaluate(c.success, result); err != nil {
			return inconclusive, err
		}
	}
	if c.failure != nil {
		if fails, err = evaluate(c.failure, result); err != nil {
			return inconclusive, err
		}
	}
	switch {
	case c.failure == nil:
		fails = !succeeds
	case c.success == nil:
		succeeds = !fails
	}
	switch {
	case fails:
		return failed, nil
	case succeeds:
		return passed, nil
	default:
		return inconclusive, nil
	}
}

func evaluate(program *vm.Program, result any) (bool, error) {
	output, err := expr.Run(program, map[string]any{
		"result":  result,
		"asInt":   asInt,
		"asFloat": asFloat,
		"isNaN":   math.IsNaN,
		"isInf":   func(f float64) bool { return math.IsInf(f, 0) },
		// Prometheus never gives a nil result, for which these two are made.
		"isNil":   func(any) bool { return false },
		"default": func(any, any) any { return result },
	})
	if err != nil {
		return false, err
	}
	is, ok := output.(bool)
	if !ok {
		return false, fmt.Errorf("expected bool, but got %T", output)
	}
	return is, nil
}

// asFloat makes a number of any kind, or of text, a float.
func asFloat(in any) (float64, error) {
	switch v := reflect.ValueOf(in); {
	case v.CanFloat():
		return v.Float(), nil
	case v.CanInt():
		return float64(v.Int()), nil
	case v.CanUint():
		return float64(v.Uint()), nil
	case v.Kind() == reflect.String:
		return strconv.ParseFloat(v.String(), 64)
	default:
		return 0, fmt.Errorf("asFloat() not supported on %T %v", in, in)
	}
}

func asInt(in any) (int64, error) {
	if text, ok := in.(string); ok {
		return strconv.ParseInt(text, 10, 64)
	}
	f, err := asFloat(in)
	return int64(f), err
}

// bound is the direction in which a metric's conditions limit its value.
type bound int

const (
	unbounded bound = iota // or both ways
	upper                  // good values are small, as of an error ratio
	lower                  // good values are large, as of a success ratio
)

// boundOf tells which way the conditions limit the value.
func boundOf(success, failure string) bound {
	var found []bound
	for _, c := range []struct {
		text   string
		failed bool
	}{{success, false}, {failure, true}} {
		if c.text == "" {
			continue
		}
		tree, err := exprparser.Parse(c.text)
		if err != nil {
			return unbounded
		}
		found = append(found, boundsIn(tree.Node, c.failed)...)
	}
	if len(found) == 0 {
		return unbounded
	}
	for _, b := range found {
		if b != found[0] {
			return unbounded
		}
	}
	return found[0]
}

// boundsIn collects the bounds that comparisons of the result with a number
// set; negated tells that the comparisons are to be false.
func boundsIn(node ast.Node, negated bool) []bound {
	switch n := node.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return boundsIn(n.Node, !negated)
		}
		return nil
	case *ast.BinaryNode:
		if b := boundOfComparison(n, negated); b != unbounded {
			return []bound{b}
		}
		return append(boundsIn(n.Left, negated), boundsIn(n.Right, negated)...)
	default:
		return nil
	}
}

func boundOfComparison(n *ast.BinaryNode, negated bool) bound {
	var less bool // left < right
	switch n.Operator {
	case "<", "<=":
		less = true
	case ">", ">=":
	default:
		return unbounded
	}
	switch {
	case isResult(n.Left) && isNumber(n.Right):
	case isNumber(n.Left) && isResult(n.Right):
		less = !less
	default:
		return unbounded
	}
	if less != negated {
		return upper
	}
	return lower
}

// isResult recognises result and result[0].
func isResult(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return n.Value == "result"
	case *ast.MemberNode:
		_, index := n.Property.(*ast.IntegerNode)
		return index && isResult(n.Node)
	case *ast.ChainNode:
		return isResult(n.Node)
	default:
		return false
	}
}

func isNumber(node ast.Node) bool {
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	default:
		return false
	}
}
