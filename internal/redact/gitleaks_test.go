package redact

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/internal/redact/redacttest"
)

// TestGitleaksRules plants a secret of every rule of gitleaks, as gitleaks' own
// detector finds it, and demands that it is gone and all around it stays.
func TestGitleaksRules(t *testing.T) {
	maker, r := redacttest.NewMaker(t), newRedactor(t)
	for _, id := range maker.Rules() {
		t.Run(id, func(t *testing.T) {
			for variant := range uint64(3) {
				match, secret := secretFor(t, maker, id, variant)
				plant(t, r, id, match, secret)
			}
		})
	}
}

// TestManySecrets puts secrets of several rules into one text: none may hide
// another, and each has to be gone with the first pass.
func TestManySecrets(t *testing.T) {
	maker, r := redacttest.NewMaker(t), newRedactor(t)
	rules := maker.Rules()
	random := rand.New(rand.NewPCG(4, 7))
	for run := range uint64(100) {
		var texts, secrets []string
		for len(texts) < 4 {
			match, secret := secretFor(t, maker, rules[random.IntN(len(rules))], 1000+run)
			texts, secrets = append(texts, match), append(secrets, secret)
		}
		text := "saw " + strings.Join(texts, " , then ") + " and"
		got, _ := r.String(text)
		for _, secret := range secrets {
			if rest := remains(got, secret); rest != "" {
				t.Errorf("%q of the secret %q remains:\n%s\n%s", rest, secret, text, got)
			}
		}
		if again, counts := r.String(got); again != got || len(counts) > 0 {
			t.Errorf("the second pass changed %v:\n%s\n%s", counts, got, again)
		}
	}
}

// secretFor makes a text that holds a secret which gitleaks finds by the rule.
func secretFor(t *testing.T, maker *redacttest.Maker, id string, variant uint64) (text, secret string) {
	t.Helper()
	made := maker.Make(t, id, rand.New(rand.NewPCG(uint64(len(id)), variant)).IntN)
	if slices.Contains(wholeMatch, id) {
		return made.Text, made.Match
	}
	return made.Text, made.Value
}

// plant puts the text into every kind of place and looks for the secret after.
func plant(t *testing.T, r *Redactor, id, match, secret string) {
	t.Helper()
	type event struct {
		Message string            `json:"message"`
		Query   string            `json:"query"`
		Note    string            `json:"note"`
		Labels  map[string]string `json:"labels"`
		Count   json.Number       `json:"count"`
	}
	planted := event{
		Message: "Back-off pulling: failed with " + match + " after deploy of checkout",
		Query:   `sum(rate(http_requests_total{job="shop", note="x ` + match + ` y"}[5m])) / 0.01`,
		// The parenthesis ends base64 that may be wrapped, as jwt-base64's.
		Note:   "we saw\n" + match + "\n(in the shell)",
		Labels: map[string]string{"app": "shop", "note": match},
		Count:  "1e3",
	}
	before, err := json.Marshal(planted)
	if err != nil {
		t.Fatal(err)
	}
	after, counts, err := r.JSON(before)
	if err != nil {
		t.Fatal(err)
	}
	var got event
	if err := json.Unmarshal(after, &got); err != nil {
		t.Fatalf("%s: %v", after, err)
	}
	if counts.Total() < 4 {
		t.Errorf("counted %v, want at least one in each of 4 places", counts)
	}
	for _, text := range []string{got.Message, got.Query, got.Note, got.Labels["note"], string(after)} {
		if rest := remains(text, secret); rest != "" {
			t.Errorf("%q of the secret %q of %q remains in\n%s", rest, secret, match, text)
		}
	}
	wantAround(t, got.Message, "Back-off pulling: failed with ", " after deploy of checkout")
	wantAround(t, got.Query, `sum(rate(http_requests_total{job="shop", note="x `, ` y"}[5m])) / 0.01`)
	wantAround(t, got.Note, "we saw\n", "\n(in the shell)")
	if got.Count != "1e3" || got.Labels["app"] != "shop" {
		t.Errorf("what is no secret changed: %s", after)
	}
	again, more, err := r.JSON(after)
	if err != nil || !bytes.Equal(again, after) || len(more) > 0 {
		t.Errorf("%s: the second pass changed\n%s\nto\n%s (%v)", id, after, again, err)
	}
}

// remains returns a piece of the secret that text still holds.
func remains(text, secret string) string {
	const piece = 8
	text = withoutMarkers(text)
	for i := 0; i+min(piece, len(secret)) <= len(secret); i++ {
		if part := secret[i : i+min(piece, len(secret))]; strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

func wantAround(t *testing.T, text, prefix, suffix string) {
	t.Helper()
	if !strings.HasPrefix(text, prefix) || !strings.HasSuffix(text, suffix) {
		t.Errorf("the text around is not kept: got %q, want %q ... %q", text, prefix, suffix)
	}
}

func newRedactor(t testing.TB, known ...string) *Redactor {
	t.Helper()
	r, err := New(known...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
