package index_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/debrief-sre/debrief/output/index"
)

var incidents = rapid.Custom(func(t *rapid.T) index.Incident {
	figure := func(name string) *float64 {
		return rapid.Ptr(rapid.Float64Range(0, 1e6), true).Draw(t, name)
	}
	date := time.Unix(rapid.Int64Range(1.6e9, 1.8e9).Draw(t, "date"), 0).UTC()
	i := index.Incident{
		Path: rapid.StringMatching(`[a-z]{1,4}/[a-z]{1,8}`).Draw(t, "path") + ".md", Slug: rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "slug"),
		Title: rapid.String().Draw(t, "title"), Date: date, Updated: date, Cause: rapid.SampledFrom([]string{"analysis", "user", "a", "b", "c", "d", "e"}).Draw(t, "cause"),
		Services:      rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3, rapid.ID).Draw(t, "services"),
		RequestsSaved: figure("saved"), TTD: figure("ttd"), TTA: figure("tta"), TTM: figure("ttm"), TTR: figure("ttr"),
	}
	for _, objective := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"o", "p", "q", "r", "s"}), 0, 5, rapid.ID).Draw(t, "objectives") {
		i.Budgets = append(i.Budgets, index.Budget{Objective: objective, Consumed: figure("consumed"), Saved: figure("budget saved")})
	}
	return i
})

func collections(t *rapid.T) index.Collection {
	list := rapid.SliceOfNDistinct(incidents, 0, 30, func(i index.Incident) string { return i.Path }).Draw(t, "incidents")
	return index.Collection{Incidents: list}
}

// filesOf are the index's files by name.
func filesOf(t *rapid.T, c index.Collection) map[string]string {
	files, err := index.Files(c, index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{}
	for _, f := range files {
		byName[f.Name] = string(f.Data)
	}
	return byName
}

// TestOrder tells that the order in which documents are read changes nothing.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := collections(t)
		shuffled := index.Collection{Incidents: slices.Clone(c.Incidents)}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		random.Shuffle(len(shuffled.Incidents), func(i, j int) {
			shuffled.Incidents[i], shuffled.Incidents[j] = shuffled.Incidents[j], shuffled.Incidents[i]
		})
		a, b := filesOf(t, c), filesOf(t, shuffled)
		for name := range a {
			if a[name] != b[name] || len(a) != len(b) {
				t.Fatalf("%s differs:\n%s", name, cmp.Diff(a[name], b[name]))
			}
		}
	})
}

// TestOneMore tells that a document more adds its row, and leaves alone the rows
// of other documents and the figures of other months.
func TestOneMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := collections(t)
		more := incidents.Draw(t, "more")
		more.Path = "new.md"
		with := index.Collection{Incidents: append(slices.Clone(c.Incidents), more)}
		before, after := dateRows(filesOf(t, c)["README.md"]), dateRows(filesOf(t, with)["README.md"])
		if len(after) != len(before)+1 {
			t.Fatalf("%d rows and then %d", len(before), len(after))
		}
		for _, row := range before {
			if !slices.Contains(after, row) {
				t.Fatalf("the row changed: %s", row)
			}
		}
		months := map[string]index.Group{}
		for _, m := range with.Statistics().Months {
			months[m.Name] = m
		}
		for _, m := range c.Statistics().Months {
			if m.Name == more.Date.Format("2006-01") {
				continue
			}
			if diff := cmp.Diff(m, months[m.Name], cmpopts.IgnoreUnexported(index.Group{})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// dateRows are the rows of the table by date.
func dateRows(page string) []string {
	_, table, _ := strings.Cut(page, "\n## By date\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var rows []string
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| 2") {
			rows = append(rows, line)
		}
	}
	return rows
}

// TestSpread tells that quartiles are in order and within the values, and that
// few values are listed instead.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := collections(t)
		var known []float64
		for _, i := range c.Incidents {
			if i.TTR != nil {
				known = append(known, *i.TTR)
			}
		}
		slices.Sort(known)
		s := c.Statistics().Measures.TTR
		if s.N != len(known) || s.N+s.Unknown != len(c.Incidents) {
			t.Fatalf("%d known and %d unknown of %d", s.N, s.Unknown, len(c.Incidents))
		}
		if s.N < 5 {
			if !slices.Equal(s.Values, known) || s.Median != nil {
				t.Fatalf("%+v of %v", s, known)
			}
			return
		}
		in := []float64{known[0], *s.Q1, *s.Median, *s.Q3, *s.Max}
		if !slices.IsSorted(in) || *s.Max != known[len(known)-1] || len(s.Values) != 0 {
			t.Fatalf("%v of %v", in, known)
		}
	})
}

func TestQuartiles(t *testing.T) {
	var c index.Collection
	for _, v := range []float64{1, 2, 3, 4, 10, 100} {
		c.Incidents = append(c.Incidents, index.Incident{Path: fmt.Sprint(v), TTR: number(v)})
	}
	s := c.Statistics().Measures.TTR
	// As R's quantile(c(1,2,3,4,10,100)) gives them.
	for _, v := range []struct{ got, want float64 }{{*s.Q1, 2.25}, {*s.Median, 3.5}, {*s.Q3, 8.5}, {*s.Max, 100}} {
		if math.Abs(v.got-v.want) > 1e-9 {
			t.Errorf("got %v, want %v", v.got, v.want)
		}
	}
}
