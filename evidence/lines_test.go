package evidence_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
)

// rawBundle holds one entry of the given bytes.
func rawBundle(t testing.TB, name, raw string) *evidence.Bundle {
	t.Helper()
	w := newWriter(t)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteRaw([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	b, err := read(seal(t, w))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLines(t *testing.T) {
	tests := []struct {
		name string
		raw  string
		want []string // citations, then the error if there is one
	}{
		{"empty", "", nil},
		{"no line break at the end", "1\n2", []string{"e.jsonl:1", "e.jsonl:2"}},
		{"blank lines count", "1\n\n \n2\n", []string{"e.jsonl:1", "e.jsonl:4"}},
		{"not JSON", "1\n2\nx\n4\n", []string{"e.jsonl:1", "e.jsonl:2", "bundle entry e.jsonl, line 3: invalid character 'x' looking for beginning of value"}},
		{"another type", "1\n\"a\"\n", []string{"e.jsonl:1", "bundle entry e.jsonl, line 2: json: cannot unmarshal string into Go value of type int"}},
		{"two values on a line", "1 2\n", []string{"bundle entry e.jsonl, line 1: invalid character '2' after top-level value"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for v, err := range evidence.Lines[int](rawBundle(t, "e.jsonl", tt.raw), "e.jsonl") {
				if err != nil {
					got = append(got, err.Error())
					continue
				}
				got = append(got, string(v.Citation))
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLinesStop(t *testing.T) {
	n := 0
	for range evidence.Lines[int](rawBundle(t, "e.jsonl", "1\n2\n3\n"), "e.jsonl") {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d lines after break", n)
	}
}

func TestAppendErrorNamesTheLine(t *testing.T) {
	w := newWriter(t)
	f, err := w.Create("e.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Append(1); err != nil {
		t.Fatal(err)
	}
	err = f.Append(math.NaN())
	if want := "bundle entry e.jsonl, line 2: json: unsupported value: NaN"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if f.Lines() != 1 {
		t.Errorf("%d lines, want 1", f.Lines())
	}
}

func TestReadJSONError(t *testing.T) {
	b := rawBundle(t, "a.json", `{"n": "x"}`)
	err := b.ReadJSON("a.json", new(value))
	if want := "bundle entry a.json: json: cannot unmarshal string into Go struct field value.n of type float64"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
