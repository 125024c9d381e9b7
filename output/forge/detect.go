package forge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	probeTimeout = 10 * time.Second // for one question
	probeAnswer  = 64 << 10         // bytes of an answer that are looked at
	probeDepth   = 2                // how many parts of a path may lie above a forge whose groups nest
)

// For gives the repository of the settings on the kind of forge of that name.
// Without a name it goes by the host. A host that it does not know it asks,
// without credentials, for what each kind of forge tells everybody.
func For(ctx context.Context, name string, s Settings) (Forge, error) {
	if name != "" {
		i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.called(name) })
		if i < 0 {
			return nil, fmt.Errorf("unknown forge %q: want one of %s", name, kindNames())
		}
		return Kinds[i].New(s)
	}
	a, err := parseAddress(s.Repository)
	if err != nil {
		return nil, err
	}
	for _, k := range Kinds {
		if k.serves(a.host) {
			return k.New(s)
		}
	}
	if err := s.setDefaults(); err != nil {
		return nil, err
	}
	kind, api, err := detect(ctx, a, s)
	if err != nil {
		return nil, err
	}
	s.API = api
	return kind.New(s)
}

func kindNames() string {
	var names []string
	for _, k := range Kinds {
		names = append(names, append([]string{k.Name}, k.Aliases...)...)
	}
	return strings.Join(names, ", ")
}

// detect asks a host which kind of forge it is, and where its API is.
func detect(ctx context.Context, a address, s Settings) (Kind, string, error) {
	client := &http.Client{Transport: s.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var silent error
	answered := false
	for _, k := range Kinds {
		roots, err := k.site.roots(a, s.API)
		if err != nil {
			return Kind{}, "", err
		}
		for _, root := range roots {
			yes, err := ask(ctx, client, root+k.probe, k)
			switch {
			case ctx.Err() != nil:
				return Kind{}, "", context.Cause(ctx)
			case err != nil:
				silent = err
			case yes:
				return k, root + k.site.suffix, nil
			default:
				answered = true
			}
		}
	}
	if !answered && silent != nil {
		return Kind{}, "", fmt.Errorf("asking %s which kind of forge it is: %w", a.host, &Error{Reason: ErrUnavailable, cause: withoutURL(silent)})
	}
	return Kind{}, "", fmt.Errorf("%s does not say which kind of forge it is: set publish.forge to one of %s", a.host, kindNames())
}

// roots are the places where a forge may be whose repository has this address.
func (r siteRule) roots(a address, api string) ([]string, error) {
	s, err := r.of(a, api)
	if errors.Is(err, errAddress) {
		return nil, nil // not this kind
	}
	if err != nil {
		return nil, err
	}
	roots := []string{s.root}
	if !r.nested || api != "" || a.scheme == "" {
		return roots, nil
	}
	for i := 1; i <= probeDepth && len(a.path)-i >= 2; i++ {
		roots = append(roots, s.root+"/"+strings.Join(a.path[:i], "/"))
	}
	return roots, nil
}

func ask(ctx context.Context, client *http.Client, address string, k Kind) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, probeTimeout, errSilent)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return false, err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	body, err := io.ReadAll(io.LimitReader(resp.Body, probeAnswer))
	if err != nil {
		return false, err
	}
	return k.is(resp.StatusCode, resp.Header, body), nil
}
