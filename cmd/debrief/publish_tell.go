package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/evidence"
	"github.com/debrief-sre/debrief/output/notify"
	"github.com/debrief-sre/debrief/output/publish"
	"github.com/debrief-sre/debrief/output/store"
	"github.com/debrief-sre/debrief/report"
)

// store keeps the bundle where the configuration says, and names it.
func (f *publishFlags) store(ctx context.Context, env environment, cfg *config.Config, bundle *evidence.Bundle, path string) (*report.Bundle, error) {
	reference := &report.Bundle{SHA256: bundle.SHA256}
	if cfg.Publish.Store == "" {
		return reference, nil
	}
	kept, err := store.Open(ctx, cfg.Publish.Store, store.Options{})
	if err != nil {
		return nil, fmt.Errorf("publish.store: %w", err)
	}
	defer kept.Close() //nolint:errcheck // a connection
	env.progress("storing the evidence")
	ref, err := kept.Put(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("publish.store: %w", err)
	}
	reference.URL = ref.URL
	return reference, nil
}

// tell tells people of a new request. One who cannot be told does not keep the
// others from being told: the postmortem is published whatever happens here.
func (env environment) tell(ctx context.Context, cfg *config.Config, result publish.Result) error {
	message := notify.New(result.Report, result.URL)
	var failed []error
	for _, hook := range cfg.Publish.Tell.Webhooks {
		failed = append(failed, env.tellWebhook(ctx, cfg, hook, message))
	}
	if note := cfg.Publish.Tell.PagerDuty; note != nil {
		failed = append(failed, env.tellPagerDuty(ctx, cfg, note, result.Report, message))
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("published, but not everybody was told: %w", err)
	}
	return nil
}

func (env environment) tellWebhook(ctx context.Context, cfg *config.Config, hook config.Webhook, message notify.Message) error {
	address, err := cfg.ReadFile("publish.tell.webhooks", hook.URLFile)
	if err != nil {
		return err
	}
	key, err := cfg.ReadFile("publish.tell.webhooks", hook.SecretFile)
	if err != nil {
		return err
	}
	if err := env.keepSecret(string(address), string(key)); err != nil {
		return err
	}
	w := notify.Webhook{
		Name: hook.Name, URL: config.Secret(address), Format: hook.Format, Template: hook.Template,
		Key: config.Secret(key), Now: env.Now,
	}
	return w.Send(ctx, message)
}

// tellPagerDuty leaves a note on the incident's pages.
func (env environment) tellPagerDuty(ctx context.Context, cfg *config.Config, note *config.PagerDutyNote, r report.Report, message notify.Message) error {
	token, err := env.writeToken(cfg, note)
	if err != nil {
		return err
	}
	client := notify.PagerDuty{URL: cfg.PagerDuty.URL, Token: token, From: note.From}
	var failed []error
	for _, page := range r.Pages {
		if page.ID == "" { // of a public report
			continue
		}
		_, err := client.Note(ctx, page.ID, message)
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// writeToken is the one for notes: that with which evidence is collected need
// not write.
func (env environment) writeToken(cfg *config.Config, note *config.PagerDutyNote) (config.Secret, error) {
	if note.TokenFile == "" {
		return cfg.PagerDutyToken(env.Getenv)
	}
	token, err := cfg.ReadFile("publish.tell.pagerduty.tokenFile", note.TokenFile)
	if err != nil {
		return "", err
	}
	return config.Secret(strings.TrimSpace(string(token))), env.keepSecret(string(token))
}
