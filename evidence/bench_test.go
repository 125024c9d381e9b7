package evidence_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
)

const benchmarkLines = 100_000

// BenchmarkAppend writes and hashes 100,000 lines.
func BenchmarkAppend(b *testing.B) {
	for b.Loop() {
		w := newBenchmarkWriter(b)
		if err := w.Discard(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendAndSeal also packs them.
func BenchmarkAppendAndSeal(b *testing.B) {
	for b.Loop() {
		w := newBenchmarkWriter(b)
		if err := w.WriteTo(io.Discard, sampleManifest); err != nil {
			b.Fatal(err)
		}
		if err := w.Discard(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloor is the least that writing could cost: encoding the lines.
func BenchmarkFloor(b *testing.B) {
	for b.Loop() {
		enc := json.NewEncoder(io.Discard)
		enc.SetEscapeHTML(false)
		for i := range benchmarkLines {
			if err := enc.Encode(line(i)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func newBenchmarkWriter(b *testing.B) *evidence.Writer {
	b.Helper()
	w, err := evidence.NewWriter()
	if err != nil {
		b.Fatal(err)
	}
	f, err := w.Create("events.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	for i := range benchmarkLines {
		if err := f.Append(line(i)); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

func line(i int) value {
	return value{Query: `sum(rate(http_requests_total{service="checkout",code=~"5.."}[1m]))`, N: float64(i)}
}
