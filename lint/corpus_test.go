package lint

import (
	"os"
	"strings"
	"testing"
)

// wordRules are the rules that the corpus labels.
var wordRules = func() map[string]bool {
	m := map[string]bool{}
	for _, r := range Rules {
		if strings.HasPrefix(r.ID, "blame/") {
			m[r.ID] = true
		}
	}
	return m
}()

// figures counts how labels and findings agree.
type figures struct{ hit, missed, wrong int }

func (f figures) precision() float64 { return ratio(f.hit, f.hit+f.wrong) }
func (f figures) recall() float64    { return ratio(f.hit, f.hit+f.missed) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// TestCorpus holds the rules about words to hand-labelled sentences. An error
// fails somebody's build, so none may be wrong.
func TestCorpus(t *testing.T) {
	got := map[Severity]*figures{Error: {}, Warning: {}}
	perRule := map[string]*figures{}
	sentences, blameful := 0, 0
	for _, name := range []string{"testdata/corpus.tsv", "testdata/corpus-heldout.tsv"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file := map[Severity]*figures{Error: {}, Warning: {}}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			label, sentence, ok := strings.Cut(line, "\t")
			if !ok {
				t.Fatalf("%s: no tab in %q", name, line)
			}
			sentences++
			want := map[string]bool{}
			if label != "ok" {
				blameful++
				for rule := range strings.SplitSeq(label, ",") {
					if !wordRules[rule] {
						t.Fatalf("%s: unknown rule %q", name, rule)
					}
					want[rule] = true
				}
			}
			found := map[string]bool{}
			for _, f := range Check(name, []byte(sentence), Options{}).Findings {
				if wordRules[f.Rule] {
					found[f.Rule] = true
				}
			}
			for rule := range wordRules {
				if perRule[rule] == nil {
					perRule[rule] = &figures{}
				}
				severity := lookup(rule).Severity
				for _, f := range []*figures{got[severity], file[severity], perRule[rule]} {
					switch {
					case want[rule] && found[rule]:
						f.hit++
					case want[rule]:
						f.missed++
					case found[rule]:
						f.wrong++
					}
				}
				switch {
				case want[rule] && !found[rule]:
					t.Logf("missed %s: %s", rule, sentence)
				case found[rule] && !want[rule]:
					t.Logf("wrong %s: %s", rule, sentence)
				}
			}
		}
		for _, s := range []Severity{Error, Warning} {
			t.Logf("%s, %ss: precision %.3f, recall %.3f (%d right, %d wrong, %d missed)", name, s,
				file[s].precision(), file[s].recall(), file[s].hit, file[s].wrong, file[s].missed)
		}
	}
	for _, r := range Rules {
		if f := perRule[r.ID]; f != nil {
			t.Logf("%-22s precision %.3f, recall %.3f (%d right, %d wrong, %d missed)", r.ID, f.precision(), f.recall(), f.hit, f.wrong, f.missed)
		}
	}
	t.Logf("%d sentences, %d of them blameful", sentences, blameful)
	for s, f := range got {
		t.Logf("%ss: precision %.3f, recall %.3f (%d right, %d wrong, %d missed)", s, f.precision(), f.recall(), f.hit, f.wrong, f.missed)
	}
	if sentences < 150 || blameful*3 < sentences {
		t.Errorf("the corpus is too small: %d sentences, %d blameful", sentences, blameful)
	}
	if p, r := got[Error].precision(), got[Error].recall(); p < 1 || r < 0.95 {
		t.Errorf("errors: precision %.3f, want 1; recall %.3f, want 0.95", p, r)
	}
	if p, r := got[Warning].precision(), got[Warning].recall(); p < 0.95 || r < 0.9 {
		t.Errorf("warnings: precision %.3f, want 0.95; recall %.3f, want 0.9", p, r)
	}
}
