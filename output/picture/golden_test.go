package picture_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/debrief-sre/debrief/internal/golden"
	"github.com/debrief-sre/debrief/output/picture"
	"github.com/debrief-sre/debrief/report"
)

var nan = math.NaN()

// samples are the reports of the golden files; some have one picture only.
var samples = []struct {
	name   string
	report func() report.Report
}{
	{"recorded", recorded},
	{"gaps", gaps},
	{"one-point", onePoint},
	{"long", long},
	{"overdrawn", overdrawn},
	{"hostile", hostile},
}

var kinds = []struct {
	name string
	draw func(report.Report) (picture.SVG, bool)
}{
	{"incident", picture.Incident},
	{"budget", picture.Budget},
}

func TestGolden(t *testing.T) {
	for _, sample := range samples {
		for _, kind := range kinds {
			t.Run(sample.name+"/"+kind.name, func(t *testing.T) {
				s, ok := kind.draw(sample.report())
				if !ok {
					t.Fatal("nothing was drawn")
				}
				again, _ := kind.draw(sample.report())
				base := filepath.Join("testdata", sample.name+"-"+kind.name)
				compare(t, base+".svg", string(s.Standalone()), string(again.Standalone()))
				compare(t, base+".inline.svg", s.Inline()+"\n", again.Inline()+"\n")
			})
		}
	}
}

func compare(t *testing.T, path, got, again string) {
	t.Helper()
	if got != again {
		t.Errorf("%s: the second time differs from the first", path)
	}
	golden.Check(t, path, got)
}
