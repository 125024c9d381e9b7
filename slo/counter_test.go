package slo_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/slo"
)

const scrape = 5 * time.Second

func TestIncrease(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	later := at(time.Minute)
	tests := []struct {
		name   string
		series slo.Series
		want   slo.Count
	}{
		{"`0 1 2 3 2 3 4` -> 7", counter(nil, epoch, scrape, 0, 1, 2, 3, 2, 3, 4), slo.Count{Value: 7, Low: 7, High: 7}},
		{"pod A `3 8 15 21 21`", counter(nil, at(-time.Second), scrape, 3, 8, 15, 21, 21), slo.Count{Value: 18, Low: 18, High: 18}},
		{"pod B `8 9 13 19 19`, new", counter(nil, later, scrape, 8, 9, 13, 19, 19), slo.Count{Value: 19, Low: 11, High: 19}},
		{"first seen at the start", counter(nil, epoch, scrape, 8, 9, 13), slo.Count{Value: 5, Low: 5, High: 5}},
		{"first seen within a scrape of the start", counter(nil, at(3*time.Second), scrape, 8, 9, 13), slo.Count{Value: 5, Low: 5, High: 13}},
		{"a late scrape is not a new series", counter(nil, at(5003*time.Millisecond), scrape, 8, 9, 13), slo.Count{Value: 5, Low: 5, High: 13}},
		{"one sample, spacing unknown", counter(nil, later, scrape, 8), slo.Count{Value: 0, Low: 0, High: 8}},
		{"the origin is before the window", counter(nil, at(-scrape), scrape, 10, 12), slo.Count{Value: 2, Low: 2, High: 2}},
		{"a sample at the end is outside", counter(nil, at(time.Hour-scrape), scrape, 1, 2), slo.Count{Value: 1, Low: 0, High: 1}},
		{"no samples", slo.Series{}, slo.Count{}},
		{"only NaN", counter(nil, epoch, scrape, nan, nan), slo.Count{}},
		{"NaN and infinity between", counter(nil, epoch, scrape, 0, nan, 2, inf, 3, -1, 4), slo.Count{Value: 4, Low: 4, High: 4}},
		{"NaN where the origin would be", counter(nil, at(-2*scrape), scrape, 5, nan, 7), slo.Count{Value: 2, Low: 2, High: 2}},
		{"restart across a NaN", counter(nil, epoch, scrape, 9, nan, 2), slo.Count{Value: 2, Low: 2, High: 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := slo.Increase(test.series, epoch, at(time.Hour)); got != test.want {
				t.Errorf("increase = %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestSum(t *testing.T) {
	podA := counter(nil, epoch, scrape, 3, 8, 15, 21, 21)
	podB := counter(nil, at(5*scrape), scrape, 8, 9, 13, 19, 19)
	want := slo.Count{Value: 37, Low: 29, High: 37}
	t.Run("`3 8 15 21 21` then `8 9 13 19 19` -> 29 / 37", func(t *testing.T) {
		for _, start := range []time.Time{epoch, at(time.Second)} {
			if got := slo.Sum([]slo.Series{podA, podB}, start, at(time.Hour)); got != want {
				t.Errorf("from %s: %+v, want %+v", start.Format(time.TimeOnly), got, want)
			}
		}
	})
	t.Run("a series is new when others were seen long before", func(t *testing.T) {
		// Within a scrape of the window's start, which alone would prove nothing.
		got := slo.Sum([]slo.Series{podA, podB}, at(5*scrape-time.Second), at(time.Hour))
		if want := (slo.Count{Value: 19, Low: 11, High: 19}); got != want {
			t.Errorf("sum = %+v, want %+v", got, want)
		}
	})
	t.Run("a single sample borrows the others' spacing", func(t *testing.T) {
		short := counter(nil, at(4*scrape), scrape, 6)
		got := slo.Sum([]slo.Series{podA, short}, epoch, at(time.Hour))
		if want := (slo.Count{Value: 24, Low: 18, High: 24}); got != want {
			t.Errorf("sum = %+v, want %+v", got, want)
		}
	})
}

// counters draws series of whole numbers with resets, holes and jitter, so
// that sums are exact.
func counters() *rapid.Generator[[]slo.Series] {
	one := rapid.Custom(func(t *rapid.T) slo.Series {
		var s slo.Series
		now := at(time.Duration(rapid.IntRange(0, 120_000).Draw(t, "first")) * time.Millisecond)
		value := float64(rapid.IntRange(0, 1000).Draw(t, "value"))
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			s.Samples = append(s.Samples, slo.Sample{Time: now, Value: value})
			now = now.Add(time.Duration(rapid.IntRange(1, 15_000).Draw(t, "gap")) * time.Millisecond)
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				value = 0
			}
			value += float64(rapid.IntRange(0, 50).Draw(t, "by"))
		}
		return s
	})
	return rapid.SliceOfN(one, 0, 5)
}

func instant(t *rapid.T, name string) time.Time {
	return at(time.Duration(rapid.IntRange(-10_000, 300_000).Draw(t, name)) * time.Millisecond)
}

// ordered draws instants in their order.
func ordered(t *rapid.T) (a, b, c time.Time) {
	a, b, c = instant(t, "a"), instant(t, "b"), instant(t, "c")
	if b.Before(a) {
		a, b = b, a
	}
	if c.Before(b) {
		b, c = c, b
	}
	if b.Before(a) {
		a, b = b, a
	}
	return a, b, c
}

func TestSplittingAWindowStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := ordered(t)
		for _, s := range counters().Draw(t, "series") {
			whole, left, right := slo.Increase(s, a, c), slo.Increase(s, a, b), slo.Increase(s, b, c)
			if whole.Low != left.Low+right.Low {
				t.Fatalf("low bounds: %v + %v is not %v", left.Low, right.Low, whole.Low)
			}
			if v := left.Value + right.Value; v < whole.Low || v > whole.High {
				t.Fatalf("%v + %v is outside %+v", left.Value, right.Value, whole)
			}
		}
	})
}

func TestNaNChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _, c := ordered(t)
		series := counters().Draw(t, "series")
		var holed []slo.Series
		for _, s := range series {
			var h slo.Series
			for _, x := range s.Samples {
				if rapid.Bool().Draw(t, "marker") {
					h.Samples = append(h.Samples, slo.Sample{Time: x.Time, Value: math.NaN()})
				}
				h.Samples = append(h.Samples, x)
			}
			holed = append(holed, h)
		}
		if got, want := slo.Sum(holed, a, c), slo.Sum(series, a, c); got != want {
			t.Fatalf("with NaN %+v, without %+v", got, want)
		}
	})
}

func TestOrderOfSeriesIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _, c := ordered(t)
		series := counters().Draw(t, "series")
		mixed := rapid.Permutation(series).Draw(t, "mixed")
		if got, want := slo.Sum(mixed, a, c), slo.Sum(series, a, c); got != want {
			t.Fatalf("in another order %+v, before %+v", got, want)
		}
	})
}

func TestSlicesAddUpToTheWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _, c := ordered(t)
		d := slo.Data{Objective: objective(0.99, day), Total: counters().Draw(t, "series")}
		length := time.Duration(rapid.IntRange(1, 60).Draw(t, "length")) * time.Second
		var total float64
		for _, s := range slo.Slices(d, a, c, length) {
			total += s.Total
		}
		if want := slo.Sum(d.Total, a, c).Value; total != want {
			t.Fatalf("slices add up to %v, want %v", total, want)
		}
	})
}

func FuzzIncrease(f *testing.F) {
	f.Add([]byte{}, int64(0), int64(60))
	seed := func(values ...float64) (b []byte) {
		for _, v := range values {
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}
	f.Add(seed(0, 1, 2, 3, 2, 3, 4), int64(0), int64(60))
	f.Add(seed(3, math.NaN(), 8, math.Inf(1), -4, 1e308, 1e308), int64(7), int64(31))
	f.Fuzz(func(t *testing.T, data []byte, from, seconds int64) {
		var s slo.Series
		for i := 0; len(data) >= 8; i, data = i+1, data[8:] {
			v := math.Float64frombits(binary.BigEndian.Uint64(data))
			s.Samples = append(s.Samples, slo.Sample{Time: at(time.Duration(i) * scrape), Value: v})
		}
		start := at(time.Duration(from%100_000) * time.Second)
		got := slo.Increase(s, start, start.Add(time.Duration(seconds%100_000)*time.Second))
		if !(0 <= got.Low && got.Low <= got.Value && got.Value <= got.High) {
			t.Errorf("increase = %+v is out of order", got)
		}
	})
}

// many is a million samples in series of a thousand, with the odd restart.
func many() []slo.Series {
	random := rand.New(rand.NewPCG(1, 2))
	series := make([]slo.Series, 1000)
	for i := range series {
		value := 0.0
		for j := range 1000 {
			if value += float64(random.IntN(100)); random.IntN(500) == 0 {
				value = 0
			}
			series[i].Samples = append(series[i].Samples, slo.Sample{Time: at(time.Duration(j) * scrape), Value: value})
		}
	}
	return series
}

// The floor is what one plain pass of additions over the samples costs.
func BenchmarkMillionSamples(b *testing.B) {
	series := many()
	end := at(2 * time.Hour)
	b.Run("floor", func(b *testing.B) {
		var sum float64
		for b.Loop() {
			for _, s := range series {
				for i := range s.Samples {
					sum += s.Samples[i].Value
				}
			}
		}
		if sum == 0 {
			b.Fatal("nothing added")
		}
	})
	b.Run("sum", func(b *testing.B) {
		for b.Loop() {
			slo.Sum(series, epoch, end)
		}
	})
	b.Run("slices", func(b *testing.B) {
		d := slo.Data{Total: series}
		for b.Loop() {
			slo.Slices(d, epoch, end, 10*time.Second)
		}
	})
}
