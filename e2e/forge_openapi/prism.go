package openapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/debrief-sre/debrief/e2e/process"
)

// github is GitHub played by Prism: it refuses requests that do not conform to
// the document, and answers the others with the document's examples.
//
// A proxy stands before it: the document is of an API without a path, and
// debrief asks any host but GitHub's own below /api/v3.
type github struct {
	URL string

	proxy   *httptest.Server
	servers *process.Group

	mu      sync.Mutex
	served  []string
	refused []string
}

const apiPath = "/api/v3"

// start runs Prism on loopback, with its log in dir. Close ends it.
func start(ctx context.Context, command, document, dir string) (*github, error) {
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, fmt.Errorf("starting Prism: %w", err)
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, fmt.Errorf("starting Prism: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	g := &github{servers: process.NewGroup(logs, cancel)}
	err = g.servers.Start("prism", command, "mock", "--host=127.0.0.1", "--port="+strconv.Itoa(ports[0]), "--errors=false", document)
	if err != nil {
		return nil, errors.Join(err, g.servers.Stop())
	}
	target := &url.URL{Scheme: "http", Host: process.Loopback(ports[0])}
	err = process.Poll(ctx, "Prism", func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	if err != nil {
		return nil, errors.Join(err, g.servers.Stop())
	}
	g.proxy = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = strings.TrimPrefix(r.In.URL.Path, apiPath)
			r.SetURL(target)
			// The document knows GitHub's older media types as application/json.
			r.Out.Header.Set("Accept", "application/json")
		},
		ModifyResponse: g.note,
	})
	g.URL = g.proxy.URL
	return g, nil
}

func (g *github) note(resp *http.Response) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	request := resp.Request.Method + " " + resp.Request.URL.RequestURI()
	g.served = append(g.served, request)
	// Some of the document's examples do not conform to it either: that is not
	// our affair.
	violations := resp.Header.Get("Sl-Violations")
	if resp.StatusCode >= http.StatusMultipleChoices || strings.Contains(violations, `"location":["request"`) {
		g.refused = append(g.refused, fmt.Sprintf("%s: %s %s", request, resp.Status, violations))
	}
	return nil
}

// heard gives the requests since the last call, and those that did not conform,
// with Prism's reasons.
func (g *github) heard() (served, refused []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	served, refused = slices.Clone(g.served), slices.Clone(g.refused)
	g.served, g.refused = nil, nil
	return served, refused
}

func (g *github) close() error {
	g.proxy.Close()
	return g.servers.Stop()
}
