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
	kept, err := store.Open(ctx, cfg.Publish.Store, store.Options{PublicURL: cfg.Publish.StoreURL})
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

// webhooks are those of the configuration, checked: a mistake in one must not
// be found only when the request is open.
func (env environment) webhooks(cfg *config.Config) ([]notify.Webhook, error) {
	var hooks []notify.Webhook
	for i, c := range cfg.Publish.Tell.Webhooks {
		field := fmt.Sprintf("publish.tell.webhooks[%d]", i)
		address, err := cfg.ReadFile(field+".urlFile", c.URLFile)
		if err != nil {
			return nil, err
		}
		key, err := cfg.ReadFile(field+".secretFile", c.SecretFile)
		if err != nil {
			return nil, err
		}
		if err := env.keepSecret(string(address), string(key)); err != nil {
			return nil, err
		}
		hook := notify.Webhook{
			Name: c.Name, URL: config.Secret(address), Format: c.Format, Template: c.Template,
			Key: config.Secret(key), Now: env.Now,
		}
		if err := hook.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
		hooks = append(hooks, hook)
	}
	return hooks, nil
}

// tell tells people of a new request. One who cannot be told does not keep the
// others from being told: the postmortem is published whatever happens here.
func (env environment) tell(ctx context.Context, cfg *config.Config, hooks []notify.Webhook, result publish.Result) error {
	message := notify.New(result.Report, result.URL)
	var failed []error
	for _, hook := range hooks {
		failed = append(failed, hook.Send(ctx, message))
	}
	if note := cfg.Publish.Tell.PagerDuty; note != nil {
		failed = append(failed, env.tellPagerDuty(ctx, cfg, note, result.Report, message))
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("published, but not everybody was told: %w", err)
	}
	return nil
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
