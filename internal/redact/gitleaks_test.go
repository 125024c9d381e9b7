package redact

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
)

// withoutSecret are the rules for which no secret can be made, and why.
var withoutSecret = map[string]string{
	"pkcs12-file": "matches the name of a file (*.p12, *.pfx) and no text; no bundle holds such files",
}

// fileOf names a file for gitleaks' rules that are bound to kinds of them.
var fileOf = map[string]string{
	"freemius-secret-key":    "plugin.php",
	"hashicorp-tf-password":  "main.tf",
	"kubernetes-secret-yaml": "secret.yaml",
	"nuget-config-password":  "nuget.config",
}

// TestGitleaksRules plants a secret of every rule of gitleaks, as gitleaks' own
// detector finds it, and demands that it is gone and all around it stays.
func TestGitleaksRules(t *testing.T) {
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(detector.Config.Rules); n < 200 {
		t.Fatalf("gitleaks knows %d rules: is its configuration read?", n)
	}
	r := newRedactor(t)
	for _, id := range detector.Config.OrderedRules {
		t.Run(id, func(t *testing.T) {
			if reason, ok := withoutSecret[id]; ok {
				t.Logf("no secret: %s", reason)
				return
			}
			for variant := range uint64(3) {
				match, secret := secretFor(t, detector, detector.Config.Rules[id], variant)
				plant(t, r, id, match, secret)
			}
		})
	}
}

// TestManySecrets puts secrets of several rules into one text: none may hide
// another, and each has to be gone with the first pass.
func TestManySecrets(t *testing.T) {
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	r := newRedactor(t)
	random := rand.New(rand.NewPCG(4, 7))
	for run := range uint64(100) {
		var texts, secrets []string
		for len(texts) < 4 {
			id := detector.Config.OrderedRules[random.IntN(len(detector.Config.OrderedRules))]
			if withoutSecret[id] != "" {
				continue
			}
			match, secret := secretFor(t, detector, detector.Config.Rules[id], 1000+run)
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
func secretFor(t *testing.T, detector *detect.Detector, rule config.Rule, variant uint64) (match, secret string) {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(len(rule.RuleID)), variant))
	for range 20_000 {
		match := strings.TrimSpace(generate(t, rule.Regex.String(), random))
		double, single := strings.Count(match, `"`), strings.Count(match, "'")
		if double%2 == 1 || single%2 == 1 || double > 0 && single > 0 {
			continue // an open quote would quote the rest of the sentence
		}
		text := match
		if !slices.ContainsFunc(rule.Keywords, func(k string) bool { return strings.Contains(strings.ToLower(text), k) }) {
			match = rule.Keywords[0] + " " + match // the rule wants the word somewhere
		}
		//lint:ignore SA1019 its replacement comes with v9
		fragment := detect.Fragment{Raw: "failed with " + match + " after deploy", FilePath: fileOf[rule.RuleID]}
		for _, finding := range detector.Detect(fragment) {
			if finding.RuleID != rule.RuleID {
				continue
			}
			if slices.Contains(wholeMatch, rule.RuleID) {
				return match, finding.Match
			}
			return match, finding.Secret
		}
	}
	t.Fatalf("no secret made for %s", rule.Regex)
	return "", ""
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
