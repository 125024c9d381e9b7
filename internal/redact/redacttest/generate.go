package redacttest

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// generate makes a text that the expression matches, but for what its
// assertions (\b, ^, $) demand of the text around: callers try again.
func generate(expr string, random Random) (string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", fmt.Errorf("parsing %s: %w", expr, err)
	}
	var b strings.Builder
	emit(&b, re, random)
	return b.String(), nil
}

func emit(b *strings.Builder, re *syntax.Regexp, random Random) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && random(2) == 0 {
				c = unicode.ToUpper(c)
			}
			b.WriteRune(c)
		}
	case syntax.OpCharClass:
		b.WriteRune(pick(re.Rune, random))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteRune(pick([]rune{'0', '9', 'A', 'Z', 'a', 'z'}, random))
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			emit(b, sub, random)
		}
	case syntax.OpAlternate:
		emit(b, re.Sub[random(len(re.Sub))], random)
	case syntax.OpQuest:
		repeat(b, re.Sub[0], 0, 1, random)
	case syntax.OpStar:
		repeat(b, re.Sub[0], 0, 3, random)
	case syntax.OpPlus:
		repeat(b, re.Sub[0], 1, 12, random)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 || most > re.Min+8 {
			most = re.Min + 8
		}
		repeat(b, re.Sub[0], re.Min, most, random)
	case syntax.OpNoMatch:
		panic(fmt.Sprintf("nothing matches %s", re))
	default: // assertions
	}
}

func repeat(b *strings.Builder, re *syntax.Regexp, least, most int, random Random) {
	for range least + random(most-least+1) {
		emit(b, re, random)
	}
}

// pick takes a printable ASCII character, or white space if there is no other.
func pick(ranges []rune, random Random) rune {
	var printable, other []rune
	for i := 0; i < len(ranges); i += 2 {
		for c := ranges[i]; c <= min(ranges[i+1], unicode.MaxASCII); c++ {
			switch {
			case c > ' ' && c < unicode.MaxASCII:
				printable = append(printable, c)
			case c == ' ' || c == '\n' || c == '\t':
				other = append(other, c)
			}
		}
	}
	if len(printable) == 0 {
		printable = other
	}
	return printable[random(len(printable))]
}
