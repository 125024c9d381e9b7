package main

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/debrief-sre/debrief/collectors"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/internal/printable"
	"github.com/debrief-sre/debrief/internal/redact"
	"github.com/debrief-sre/debrief/report"
)

// keepSecret makes the run's redactor know credentials, so that they are in
// nothing that the run writes, whatever they look like.
func (env environment) keepSecret(credentials ...string) error {
	redactor, err := env.redactor()
	if err != nil {
		return err
	}
	redactor.Know(credentials...)
	return nil
}

// credentials are those with which a run asks its sources.
func credentials(s *collectors.Settings) []string {
	list := []string{string(s.PagerDuty.Token), s.Kubernetes.BearerToken, s.Kubernetes.Password}
	if a := s.Prometheus.HTTP.Authorization; a != nil {
		list = append(list, string(a.Credentials))
	}
	if b := s.Prometheus.HTTP.BasicAuth; b != nil {
		list = append(list, string(b.Password))
	}
	return list
}

// redactAnswers keeps secrets out of a bundle.
func (env environment) redactAnswers() (evidence.Filter, error) {
	redactor, err := env.redactor()
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
func (env environment) redactReport(r report.Report) (report.Report, error) {
	redactor, err := env.redactor()
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

// redactText makes a text from elsewhere, such as an error that quotes a
// source, fit to be shown: it holds no secret and controls no terminal.
func (env environment) redactText(text string) string {
	redactor, err := env.redactor()
	if err != nil {
		return "a text that cannot be shown safely: " + err.Error()
	}
	clean, _ := redactor.String(text)
	return printable.Text(clean)
}

// redacted is a logger of records without secrets.
func (env environment) redacted(next slog.Handler) (*slog.Logger, error) {
	redactor, err := env.redactor()
	if err != nil {
		return nil, err
	}
	return slog.New(redact.Handler(next, redactor)), nil
}
