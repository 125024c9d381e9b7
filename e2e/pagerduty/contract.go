package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// ErrNoContract says that PagerDuty's document is not beside the clone.
var ErrNoContract = errors.New("PagerDuty's OpenAPI document is not here")

// operations are the paths of the API that the double serves.
var operations = map[string]bool{
	"/incidents":                            true,
	"/incidents/{id}/alerts":                true,
	"/incidents/{id}/log_entries":           true,
	"/incidents/{id}/notes":                 true,
	"/incidents/{id}/related_change_events": true,
	"/services":                             true,
}

// A Contract checks requests and answers against PagerDuty's own OpenAPI
// document: what the double says is then no invention of ours.
type Contract struct {
	router routers.Router
}

// ContractPath is where the document lies: shared/contracts beside the clone.
func ContractPath() (string, error) {
	_, self, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("finding the contract: no caller information in this binary")
	}
	repo := filepath.Dir(filepath.Dir(filepath.Dir(self)))
	return filepath.Join(filepath.Dir(repo), "shared", "contracts", "pagerduty-openapi.json"), nil
}

// LoadContract reads the document, or returns ErrNoContract.
func LoadContract() (*Contract, error) {
	path, err := ContractPath()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNoContract, path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	if data, err = onlyOurOperations(data); err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("loading the contract: %w", err)
	}
	if err := correct(doc); err != nil {
		return nil, err
	}
	doc.Servers = nil // any address: ours is on loopback
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("routing by the contract: %w", err)
	}
	return &Contract{router: router}, nil
}

// correct mends the three places where the document contradicts itself, and with
// it any answer. A channel must match exactly one of several forms, but these
// differ only in optional fields, so that every channel matches most of them.
// An acknowledgement's type stands as acknowledgement_log_entry in one part of
// its schema, while the other part and the real API say acknowledge_. And an
// incident's resolved_at is always a string by its type, but null "if the
// incident is not resolved" by its description and in the document's example.
func correct(doc *openapi3.T) error {
	channel := doc.Components.Schemas["Channel"]
	if channel == nil {
		return errors.New("correcting the contract: it has no channel")
	}
	channel.Value.AnyOf, channel.Value.OneOf = channel.Value.OneOf, nil
	kind, err := property(doc, "AcknowledgeLogEntry", "type")
	if err != nil {
		return err
	}
	kind.Enum = []any{"acknowledge_log_entry"}
	resolved, err := property(doc, "Incident", "resolved_at")
	if err != nil {
		return err
	}
	resolved.Nullable = true
	return nil
}

// property is one of those that a schema adds to another schema.
func property(doc *openapi3.T, schema, name string) (*openapi3.Schema, error) {
	of := doc.Components.Schemas[schema]
	if of == nil || len(of.Value.AllOf) != 2 || of.Value.AllOf[1].Value.Properties[name] == nil {
		return nil, fmt.Errorf("correcting the contract: %s has no %s where it was", schema, name)
	}
	return of.Value.AllOf[1].Value.Properties[name].Value, nil
}

// onlyOurOperations drops the paths that the double does not serve. Some of
// the others refer to things that are not there, which a loader refuses.
func onlyOurOperations(data []byte) ([]byte, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	var paths map[string]json.RawMessage
	if err := json.Unmarshal(doc["paths"], &paths); err != nil {
		return nil, fmt.Errorf("reading the contract's paths: %w", err)
	}
	for path := range paths {
		if !operations[path] {
			delete(paths, path)
		}
	}
	pruned, err := json.Marshal(paths)
	if err != nil {
		return nil, fmt.Errorf("writing the contract's paths: %w", err)
	}
	doc["paths"] = pruned
	return json.Marshal(doc)
}

// checkRequest checks a request's path, parameters and headers.
func (c *Contract) checkRequest(ctx context.Context, r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return nil, fmt.Errorf("finding the operation: %w", err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc, // the double looks at the token itself
			SkipSettingDefaults: true,                                  // leave the request as it came
		},
	}
	return input, openapi3filter.ValidateRequest(ctx, input)
}

// checkAnswer checks an answer's status and body.
func (c *Contract) checkAnswer(ctx context.Context, input *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                input.Options,
	})
}
