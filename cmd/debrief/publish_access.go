package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/debrief-sre/debrief/config"
	"github.com/debrief-sre/debrief/output/forge"
	"github.com/debrief-sre/debrief/output/repository"
)

// gitTokens are the variables that may hold the token, first ones first. The
// forges' own are set in their pipelines.
var gitTokens = []string{"DEBRIEF_GIT_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN"}

// connect prepares git, and the forge if there is one.
func (f *publishFlags) connect(ctx context.Context, env environment, cfg *config.Config) (repository.Settings, forge.Forge, error) {
	p := cfg.Publish
	log, err := env.logger()
	if err != nil {
		return repository.Settings{}, nil, err
	}
	git := repository.Settings{
		URL: f.repo, Now: env.Now, Log: log,
		Author: repository.Person{Name: cmp.Or(p.Commit.Name, "debrief"), Email: cmp.Or(p.Commit.Email, "debrief@localhost")},
	}
	for _, file := range []struct {
		field, name string
		to          *[]byte
	}{
		{"publish.sshKeyFile", p.SSHKeyFile, &git.Auth.SSHKey},
		{"publish.knownHostsFile", p.KnownHostsFile, &git.Auth.KnownHosts},
		{"publish.commit.signingKeyFile", p.Commit.SigningKeyFile, &git.SigningKey},
	} {
		if *file.to, err = cfg.ReadFile(file.field, file.name); err != nil {
			return git, nil, err
		}
	}
	token, err := f.token(env, cfg)
	if err != nil {
		return git, nil, err
	}
	git.Auth.Token = token
	if err := env.keepSecret(string(token)); err != nil {
		return git, nil, err
	}
	host, err := f.host(ctx, env, cfg, token)
	if err != nil || host == nil {
		return git, nil, err
	}
	if overHTTP(f.repo) {
		user, password, err := host.Token(ctx)
		if err != nil {
			return git, nil, err
		}
		git.Auth.User, git.Auth.Token = user, config.Secret(password)
		if err := env.keepSecret(password); err != nil {
			return git, nil, err
		}
	}
	return git, host, nil
}

// token is the one in the environment or else in the configured file.
func (f *publishFlags) token(env environment, cfg *config.Config) (config.Secret, error) {
	for _, name := range gitTokens {
		if token := strings.TrimSpace(env.Getenv(name)); token != "" {
			return config.Secret(token), nil
		}
	}
	data, err := cfg.ReadFile("publish.tokenFile", cfg.Publish.TokenFile)
	return config.Secret(data), err
}

// host is the forge; nil for a plain git server.
func (f *publishFlags) host(ctx context.Context, env environment, cfg *config.Config, token config.Secret) (forge.Forge, error) {
	if f.forge == "none" || isLocal(f.repo) && f.forge == "" {
		return nil, nil
	}
	log, err := env.logger()
	if err != nil {
		return nil, err
	}
	s := forge.Settings{Repository: f.repo, API: cfg.Publish.API, Token: token, Now: env.Now, Log: log}
	if app := cfg.Publish.GitHubApp; app != nil {
		key, err := cfg.ReadFile("publish.githubApp.keyFile", app.KeyFile)
		if err != nil {
			return nil, err
		}
		s.App = &forge.App{ID: app.ID, Installation: app.Installation, Key: config.Secret(key)}
	}
	if s.Token == "" && s.App == nil {
		return nil, fmt.Errorf("no token to open a request with: set $%s or publish.tokenFile, or use --forge none to push the branch alone", gitTokens[0])
	}
	return forge.For(ctx, f.forge, s)
}

func overHTTP(repo string) bool {
	u, err := url.Parse(repo)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// isLocal tells whether the repository is a folder.
func isLocal(repo string) bool {
	if strings.HasPrefix(repo, "file://") {
		return true
	}
	info, err := os.Stat(repo)
	return err == nil && info.IsDir()
}
