package main

import (
	"encoding/json"
	"fmt"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/redact"
	"github.com/debrief-sre/debrief/report"
	"github.com/debrief-sre/debrief/templates"
)

// redactSecrets keeps secrets out of a bundle: whatever looks like one, and
// the credentials of this very run.
func redactSecrets(s *collectors.Settings) (evidence.Filter, error) {
	known := []string{string(s.PagerDuty.Token), s.Kubernetes.BearerToken, s.Kubernetes.Password}
	if a := s.Prometheus.HTTP.Authorization; a != nil {
		known = append(known, string(a.Credentials))
	}
	if b := s.Prometheus.HTTP.BasicAuth; b != nil {
		known = append(known, string(b.Password))
	}
	redactor, err := redact.New(known...)
	if err != nil {
		return nil, err
	}
	return func(value []byte) ([]byte, int, error) {
		clean, counts, err := redactor.JSON(value)
		return clean, counts.Total(), err
	}, nil
}

// redactReport keeps secrets out of documents: a bundle need not have been made
// by debrief as it is today.
func redactReport(r report.Report) (report.Report, error) {
	redactor, err := redact.New()
	if err != nil {
		return r, err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("encoding report: %w", err)
	}
	clean, counts, err := redactor.JSON(data)
	if err != nil || counts.Total() == 0 {
		return r, err
	}
	var redacted report.Report
	if err := json.Unmarshal(clean, &redacted); err != nil {
		return r, fmt.Errorf("decoding redacted report: %w", err)
	}
	return redacted, nil
}

// redactError makes an error printable: sources may quote what they were asked,
// and what they say must not control a terminal.
func redactError(err error) string {
	redactor, setup := redact.New()
	if setup != nil {
		return "an error that cannot be shown safely: " + setup.Error()
	}
	text, _ := redactor.String(err.Error())
	return templates.Clean(text)
}
