package collectors

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"
	"github.com/hashicorp/go-retryablehttp"
)

const (
	pdAddress  = "https://api.pagerduty.com" // EU accounts have https://api.eu.pagerduty.com
	pdPage     = 100                         // the most that the API gives at once
	pdDeepest  = 10000                       // offset and limit together may not exceed it
	pdAttempts = 5
	pdTimeout  = 30 * time.Second // for one attempt
	// pdPatience is the longest wait for a rate limit, whose period is a minute.
	pdPatience = 90 * time.Second
	pdMaxBody  = 64 << 20
)

// pdClient asks PagerDuty's REST API. Requests are made by go-pagerduty, which
// authenticates them. Its typed answers are not used: they refuse a whole page
// for one detail of another shape, and that happens.
type pdClient struct {
	api   *pagerduty.Client
	retry *retryablehttp.Client
	base  string
	token string
	clock *dateRecorder
}

func newPDClient(s *Settings) *pdClient {
	clock := &dateRecorder{now: s.Now}
	retry := retryablehttp.NewClient()
	retry.HTTPClient = &http.Client{Transport: clock.wrap(http.DefaultTransport), Timeout: pdTimeout}
	retry.Logger = nil // it would log addresses
	retry.RetryMax = pdAttempts - 1
	retry.RetryWaitMin, retry.RetryWaitMax = 250*time.Millisecond, pdPatience
	retry.Backoff = pdBackoff
	retry.ErrorHandler = retryablehttp.PassthroughErrorHandler // the last answer tells more than "giving up"

	base := strings.TrimRight(cmp.Or(s.PagerDuty.URL, pdAddress), "/")
	options := []pagerduty.ClientOptions{pagerduty.WithAPIEndpoint(base)}
	if s.PagerDuty.OAuth {
		options = append(options, pagerduty.WithOAuth())
	}
	// Not NewOAuthClient: that one forgets the other options.
	api := pagerduty.NewClient(string(s.PagerDuty.Token), options...)
	api.HTTPClient = retry.StandardClient()
	return &pdClient{api: api, retry: retry, base: base, token: string(s.PagerDuty.Token), clock: clock}
}

// pdBackoff waits for a rate limit as long as the server asks for, and
// otherwise a little longer each time. The headers of PagerDuty's rate limit
// may be missing just when it is exceeded.
func pdBackoff(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
		return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), most)
	}
	if resp.Header.Get("Retry-After") == "" {
		if seconds, err := strconv.ParseUint(resp.Header.Get("Ratelimit-Reset"), 10, 16); err == nil {
			return min(time.Duration(seconds)*time.Second, most)
		}
		least = max(least, 2*time.Second)
	}
	return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), most)
}

// get asks for one page and gives the answer's parts.
func (c *pdClient) get(ctx context.Context, path string, query url.Values) (map[string]json.RawMessage, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", path, err)
	}
	resp, err := c.api.Do(req, true)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	body, err := io.ReadAll(io.LimitReader(resp.Body, pdMaxBody))
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &statusError{code: resp.StatusCode, message: c.complaint(body)}
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		return nil, fmt.Errorf("the answer to %s is not what PagerDuty's API gives: %w", path, err)
	}
	return parts, nil
}

// complaint is what the API says of a refusal.
func (c *pdClient) complaint(body []byte) string {
	var refusal pagerduty.APIError
	if err := json.Unmarshal(body, &refusal); err != nil || !refusal.APIError.Valid {
		return ""
	}
	return strings.ReplaceAll(oneLine(refusal.APIError.ErrorObject.Message), c.token, "<secret>")
}

// pdShortError says that a list is not complete.
type pdShortError struct {
	reason  string
	tooDeep bool // there are more items than pages reach
}

func (e *pdShortError) Error() string { return e.reason }

// pages follows the pages of a list. Along with an error it gives the items so
// far.
func (c *pdClient) pages(ctx context.Context, path, key string, query url.Values) ([]pdObject, error) {
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", strconv.Itoa(pdPage))
	var all []pdObject
	seen := map[string]bool{}
	for offset := 0; offset+pdPage <= pdDeepest; {
		query.Set("offset", strconv.Itoa(offset))
		items, more, err := c.page(ctx, path, key, query)
		if err != nil {
			return all, err
		}
		fresh := 0
		for _, item := range items {
			if id := item.text("id"); id == "" || !seen[id] {
				seen[id] = true
				all = append(all, item)
				fresh++
			}
		}
		switch {
		case !more:
			return all, nil
		case fresh == 0:
			return all, &pdShortError{reason: "PagerDuty announces more, but repeats the same page"}
		}
		offset += len(items) // a server may give less than the limit
	}
	return all, &pdShortError{reason: fmt.Sprintf("PagerDuty lists no more than %d", pdDeepest), tooDeep: true}
}

func (c *pdClient) page(ctx context.Context, path, key string, query url.Values) (items []pdObject, more bool, err error) {
	parts, err := c.get(ctx, path, query)
	if err != nil {
		return nil, false, err
	}
	list, ok := parts[key]
	if !ok {
		return nil, false, fmt.Errorf("the answer to %s has no %s", path, key)
	}
	if err := json.Unmarshal(list, &items); err != nil {
		return nil, false, fmt.Errorf("the %s in the answer to %s are not what PagerDuty's API gives: %w", key, path, err)
	}
	items = slices.DeleteFunc(items, func(o pdObject) bool { return o == nil })
	return items, string(parts["more"]) == "true", nil
}

// list gives a list of an incident. Along with an error it gives the items so far.
func (c *pdClient) list(ctx context.Context, list pdList, incident string) ([]pdObject, error) {
	path := "/incidents/" + url.PathEscape(incident) + "/" + list.path
	if list.paged {
		return c.pages(ctx, path, list.key, list.query)
	}
	items, more, err := c.page(ctx, path, list.key, list.query)
	if err == nil && more {
		err = &pdShortError{reason: fmt.Sprintf("PagerDuty gives only the first %d of an incident", len(items))}
	}
	return items, err
}

// incident gives one incident.
func (c *pdClient) incident(ctx context.Context, id string) (pdObject, error) {
	path := "/incidents/" + url.PathEscape(id)
	parts, err := c.get(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	var incident pdObject
	if err := json.Unmarshal(parts["incident"], &incident); err != nil {
		return nil, fmt.Errorf("the answer to %s is not what PagerDuty's API gives: %w", path, err)
	}
	return incident, nil
}
