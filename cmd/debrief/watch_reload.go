package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/debrief-sre/debrief/config"
)

// lookAtConfig is how often the configuration's file is looked at: a ConfigMap
// changes without a signal.
const lookAtConfig = 15 * time.Second

var errReload = errors.New("the configuration has changed")

// runReloading runs a watch, and again with another configuration when that
// changes or on a hangup. One with mistakes is told of, and the one in force stays.
func runReloading(ctx context.Context, hangup <-chan os.Signal, log *slog.Logger, flags *sourceFlags, cfg *config.Config, run func(context.Context, *config.Config) error) error {
	for {
		running, stop := context.WithCancelCause(ctx)
		ended := make(chan error, 1)
		go func() { ended <- run(running, cfg) }()
		next, err := awaitChange(hangup, ended, log, flags)
		stop(errReload)
		if next == nil {
			return err
		}
		if err := <-ended; err != nil {
			return err
		}
		cfg = next
		log.Info("configuration reloaded")
	}
}

// awaitChange returns the next configuration, or what a watch ended with.
func awaitChange(hangup <-chan os.Signal, ended <-chan error, log *slog.Logger, flags *sourceFlags) (*config.Config, error) {
	ticker := time.NewTicker(lookAtConfig)
	defer ticker.Stop()
	seen := flags.configText()
	for {
		asked := false
		select {
		case err := <-ended:
			return nil, err
		case <-hangup:
			asked = true
		case <-ticker.C:
		}
		now := flags.configText()
		if !asked && now == seen {
			continue
		}
		seen = now
		cfg, err := flags.loadConfig()
		if err == nil {
			return cfg, nil
		}
		log.Error("the changed configuration is not used", "error", err)
	}
}

// configText is what the configuration's file holds; nothing if it cannot be read.
func (f *sourceFlags) configText() string {
	data, err := os.ReadFile(cmp.Or(f.config, defaultConfig))
	if err != nil {
		return ""
	}
	return string(data)
}
