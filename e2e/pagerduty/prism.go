package pagerduty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/debrief-sre/debrief/e2e/process"
)

// Prism is PagerDuty played by Prism from PagerDuty's own document, the same
// that the double is checked against: it refuses requests that do not conform
// and answers the others with the document's examples. It knows nothing of any
// story, but neither has anybody here had a say in it.
//
// A proxy stands before it, for two reasons. PagerDuty's clients accept
// application/vnd.pagerduty+json, as its document says in one place, but another
// gives the answers' type as application/json, and Prism insists on that. And
// the examples announce a next page, which would be the same one for ever.
type Prism struct {
	URL string

	proxy   *httptest.Server
	servers *process.Group

	mu      sync.Mutex
	served  []string
	refused []string
}

// StartPrism runs Prism on loopback, with its log in dir. Close ends it.
func StartPrism(ctx context.Context, command, contract, dir string) (*Prism, error) {
	logs := filepath.Join(dir, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, fmt.Errorf("starting Prism: %w", err)
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, fmt.Errorf("starting Prism: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	p := &Prism{servers: process.NewGroup(logs, cancel)}
	err = p.servers.Start("prism", command, "mock", "--host=127.0.0.1", "--port="+strconv.Itoa(ports[0]), "--errors=false", contract)
	if err != nil {
		return nil, errors.Join(err, p.servers.Stop())
	}
	target := &url.URL{Scheme: "http", Host: process.Loopback(ports[0])}
	err = process.Poll(ctx, "Prism", func(ctx context.Context) error {
		return answersAtAll(ctx, target.String())
	})
	if err != nil {
		return nil, errors.Join(err, p.servers.Stop())
	}
	p.proxy = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Accept", "application/json")
			r.Out.Header.Del("Accept-Encoding") // plain, to be read here
		},
		ModifyResponse: p.note,
	})
	p.URL = p.proxy.URL
	return p, nil
}

// answersAtAll asks for something that no API has: any answer will do.
func answersAtAll(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// note keeps what was asked and whether it conformed, and makes the page that
// an example is the last one.
func (p *Prism) note(resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading Prism's answer: %w", err)
	}
	body = bytes.ReplaceAll(body, []byte(`"more":true`), []byte(`"more":false`))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))

	p.mu.Lock()
	defer p.mu.Unlock()
	request := resp.Request.Method + " " + resp.Request.URL.RequestURI()
	p.served = append(p.served, request)
	if violations := resp.Header.Get("Sl-Violations"); resp.StatusCode != http.StatusOK || violations != "" {
		p.refused = append(p.refused, fmt.Sprintf("%s: %s %s", request, resp.Status, violations))
	}
	return nil
}

// Served lists the requests that Prism got.
func (p *Prism) Served() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.served)
}

// Refused lists the requests that did not conform, with Prism's reasons.
func (p *Prism) Refused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.refused)
}

// Close ends Prism.
func (p *Prism) Close() error {
	p.proxy.Close()
	return p.servers.Stop()
}
