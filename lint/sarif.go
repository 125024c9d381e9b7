package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// These types are the small part of SARIF 2.1.0 that lint writes. The library
// go-sarif (v3.3.1) is kept, but links a JSON schema engine, unreleased since
// 2019, and cannot read its own documents back validly; the tests hold these
// to the standard's schema instead.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string       `json:"id"`
		Description   sarifMessage `json:"shortDescription"`
		Help          sarifMessage `json:"help"`
		Configuration sarifLevel   `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level Severity `json:"level"`
	}
	sarifMessage struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        Severity           `json:"level"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
)

func writeSARIF(w io.Writer, results []Result, version string) error {
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "debrief", Version: version}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	for _, r := range Rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID:            r.ID,
			Description:   sarifMessage{Text: r.Doc},
			Help:          sarifMessage{Text: "Bad:\n" + r.Bad + "\n\nGood:\n" + r.Good, Markdown: example("Bad", r.Bad) + "\n" + example("Good", r.Good)},
			Configuration: sarifLevel{r.Severity},
		})
	}
	for _, r := range results {
		seen := map[string]int{}
		for _, f := range r.Findings {
			run.Results = append(run.Results, sarifFinding(r.File, f, seen))
		}
		for _, f := range r.Suppressed {
			s := sarifFinding(r.File, f, seen)
			s.Suppressions = []sarifSuppression{{Kind: "inSource", Justification: f.Reason}}
			run.Results = append(run.Results, s)
		}
	}
	return encode(w, sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func sarifFinding(file string, f Finding, seen map[string]int) sarifResult {
	// The fingerprint holds no line number, so that a finding stays the same
	// one while the text above it grows.
	sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.Text + "\x00" + f.Message))
	print := hex.EncodeToString(sum[:8])
	seen[print]++
	return sarifResult{
		RuleID:    f.Rule,
		RuleIndex: slices.IndexFunc(Rules, func(r Rule) bool { return r.ID == f.Rule }),
		Level:     f.Severity,
		Message:   sarifMessage{Text: f.Message},
		Locations: []sarifLocation{{sarifPhysical{
			Artifact: sarifArtifact{uri(file)},
			Region:   sarifRegion{f.Line, f.Column, f.EndLine, f.EndColumn},
		}}},
		Fingerprints: map[string]string{"debriefFinding/v1": fmt.Sprintf("%s:%d", print, seen[print])},
	}
}

// uri is a file's name as a relative reference, which code scanning resolves
// against the repository.
func uri(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if strings.HasPrefix(u.Path, "/") {
		u.Scheme = "file"
	}
	return u.String()
}
