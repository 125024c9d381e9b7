package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/gcp"

	// The drivers add their schemes to those that blob opens.
	_ "gocloud.dev/blob/azureblob"
	_ "gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob"
)

// prefixParameter is what every kind of store has: the folder in the bucket.
const prefixParameter = "prefix"

// kind is a kind of store.
type kind struct {
	scheme     string
	example    string
	parameters []string          // that an address may have, besides the prefix
	fixed      map[string]string // parameters of the driver's that are always the same
	open       func(context.Context, *url.URL) (*blob.Bucket, error)
}

// kinds are all kinds of stores. What they allow of an address is less than the
// drivers do: nothing that holds a credential, or names a file with one.
var kinds = []kind{
	{
		scheme:     "file",
		example:    "file:///srv/postmortems/evidence",
		parameters: []string{"create_dir"},
		// Bundles become visible by being renamed, which needs the temporary file
		// in the same file system; and the folder shall hold bundles alone.
		fixed: map[string]string{"no_tmp_dir": "true", "metadata": "skip"},
		open:  blob.DefaultURLMux().OpenBucketURL,
	},
	{
		scheme:  "s3",
		example: "s3://bucket?region=eu-central-1",
		parameters: []string{
			"region", "endpoint", "use_path_style", "profile", "role", "anonymous", "dualstack", "fips", "accelerate",
			"ssetype", "kmskeyid", "request_checksum_calculation",
		},
		// What is read is held against a better hash than S3's, whose absence
		// would be logged each time.
		fixed: map[string]string{"response_checksum_validation": "when_required"},
		open:  blob.DefaultURLMux().OpenBucketURL,
	},
	{
		scheme:     "gs",
		example:    "gs://bucket",
		parameters: []string{"anonymous"},
		open:       openGCS,
	},
	{
		scheme:     "azblob",
		example:    "azblob://container?storage_account=account",
		parameters: []string{"storage_account", "domain", "protocol", "cdn", "localemu"},
		open:       blob.DefaultURLMux().OpenBucketURL,
	},
}

// address is a store's checked address.
type address struct {
	kind   kind
	driver *url.URL // for the driver
	base   *url.URL // what keys are below, for people
	prefix string   // of every key: empty, or ending in a slash
}

// parseAddress checks a store's address. Its errors do not repeat it whole: who
// writes a password into it shall not find that in a log.
func parseAddress(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return address{}, errors.New("it is not a URL: " + examples())
	}
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.scheme == u.Scheme })
	if i < 0 {
		return address{}, fmt.Errorf("%q is not a kind of store: %s", u.Scheme, examples())
	}
	query, err := kinds[i].check(u)
	if err != nil {
		return address{}, err
	}
	prefix, err := cleanPrefix(query.Get(prefixParameter))
	if err != nil {
		return address{}, err
	}
	query.Del(prefixParameter)
	for name, value := range kinds[i].fixed {
		query.Set(name, value)
	}
	// A server of one's own rarely has a host name for each bucket.
	if query.Has("endpoint") && !query.Has("use_path_style") {
		query.Set("use_path_style", "true")
	}
	return address{
		kind:   kinds[i],
		driver: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawQuery: query.Encode()},
		base:   &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path},
		prefix: prefix,
	}, nil
}

func examples() string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.example)
	}
	return "write one such as " + strings.Join(all, ", ")
}

// check wants of an address what its kind allows, and gives its parameters.
func (k kind) check(u *url.URL) (url.Values, error) {
	query, err := url.ParseQuery(u.RawQuery)
	folder := k.scheme == "file"
	switch {
	case err != nil:
		return nil, errors.New("its parameters are not those of a URL")
	case u.User != nil:
		return nil, errors.New("it holds a name or password: credentials come from the environment or from files, as the provider's own tools have them")
	case u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("it is not the address of a store: write one such as " + k.example)
	case folder && (u.Host != "" || !strings.HasPrefix(u.Path, "/")):
		return nil, errors.New("a folder's address has three slashes and the whole path: write one such as " + k.example)
	case !folder && u.Host == "":
		return nil, errors.New("it names no bucket: write one such as " + k.example)
	case !folder && strings.Trim(u.Path, "/") != "":
		return nil, errors.New("it has a path after the bucket: write it as ?prefix=")
	}
	for name, values := range query {
		if name != prefixParameter && !slices.Contains(k.parameters, name) {
			return nil, fmt.Errorf("%s has no parameter %q; it has prefix, %s. Credentials come from the environment or from files, never from here",
				k.scheme, name, strings.Join(k.parameters, ", "))
		}
		if len(values) != 1 || values[0] == "" {
			return nil, fmt.Errorf("give %s one value", name)
		}
	}
	return query, checkEndpoint(query.Get("endpoint"))
}

// checkEndpoint wants the address of an S3 server, if it is given.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("the endpoint is not the bare address of a server: write one such as https://s3.example.com")
	}
	return nil
}

// cleanPrefix wants a relative path, and gives it a slash at its end.
func cleanPrefix(prefix string) (string, error) {
	if prefix == "" {
		return "", nil
	}
	folder := strings.TrimSuffix(prefix, "/")
	if !fs.ValidPath(folder) || folder == "." || strings.Contains(folder, `\`) || strings.ContainsFunc(folder, unicode.IsControl) {
		return "", errors.New("the prefix is not a relative path: write one such as postmortems/evidence")
	}
	return folder + "/", nil
}

// bucket opens the bucket, which may still turn out not to exist.
func (a address) bucket(ctx context.Context) (*blob.Bucket, error) {
	return a.kind.open(ctx, a.driver)
}

// openGCS opens a bucket of Google's. The driver's own way goes on without
// credentials when there are none, and then says that a key is malformed.
func openGCS(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	if u.Query().Get("anonymous") == "true" {
		return new(gcsblob.URLOpener).OpenBucketURL(ctx, u)
	}
	credentials, err := gcp.DefaultCredentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: none were found (%s)", ErrDenied, reason(err))
	}
	client, err := gcp.NewHTTPClient(gcp.DefaultTransport(), gcp.CredentialsTokenSource(credentials))
	if err != nil {
		return nil, err
	}
	return (&gcsblob.URLOpener{Client: client}).OpenBucketURL(ctx, u)
}
