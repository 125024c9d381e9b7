package store_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/output/store"
)

func TestOpenRefuses(t *testing.T) {
	const examples = "write one such as file:///srv/postmortems/evidence, s3://bucket?region=eu-central-1, gs://bucket, azblob://container?storage_account=account"
	tests := []struct{ name, url, public, want string }{
		{"nothing", "", "", `"" is not a kind of store: ` + examples},
		{"a path", "/srv/evidence", "", `"" is not a kind of store: ` + examples},
		{"another scheme", "ftp://host/evidence", "", `"ftp" is not a kind of store: ` + examples},
		{"the tests' own scheme", "mem://", "", `"mem" is not a kind of store: ` + examples},
		{"no URL", "s3://bu cket:hunter2", "", "it is not a URL: " + examples},
		{"a password", "s3://AKIA:hunter2@bucket", "", "it holds a name or password: credentials come from the environment or from files, as the provider's own tools have them"},
		{"a secret parameter", "s3://bucket?secret_key=hunter2", "", `s3 has no parameter "secret_key"; it has prefix, region, endpoint, use_path_style, profile, role, anonymous, dualstack, fips, accelerate, ssetype, kmskeyid, request_checksum_calculation. Credentials come from the environment or from files, never from here`},
		{"a key's file", "gs://bucket?private_key_path=hunter2", "", `gs has no parameter "private_key_path"; it has prefix, anonymous. Credentials come from the environment or from files, never from here`},
		{"a signature", "azblob://container?sig=hunter2", "", `azblob has no parameter "sig"; it has prefix, storage_account, domain, protocol, cdn, localemu. Credentials come from the environment or from files, never from here`},
		{"what the driver would take", "file:///srv?metadata=skip", "", `file has no parameter "metadata"; it has prefix, create_dir. Credentials come from the environment or from files, never from here`},
		{"one object", "s3://bucket?key=a", "", `s3 has no parameter "key"; it has prefix, region, endpoint, use_path_style, profile, role, anonymous, dualstack, fips, accelerate, ssetype, kmskeyid, request_checksum_calculation. Credentials come from the environment or from files, never from here`},
		{"a parameter twice", "s3://bucket?region=a&region=b", "", "give region one value"},
		{"a parameter without value", "s3://bucket?region=", "", "give region one value"},
		{"no parameters", "s3://bucket?%zz", "", "its parameters are not those of a URL"},
		{"a path after the bucket", "s3://bucket/postmortems", "", "it has a path after the bucket: write it as ?prefix="},
		{"no bucket", "gs://", "", "it names no bucket: write one such as gs://bucket"},
		{"a fragment", "gs://bucket#a", "", "it is not the address of a store: write one such as gs://bucket"},
		{"a relative folder", "file://evidence", "", "a folder's address has three slashes and the whole path: write one such as file:///srv/postmortems/evidence"},
		{"a folder without slashes", "file:evidence", "", "it is not the address of a store: write one such as file:///srv/postmortems/evidence"},
		{"a prefix that leaves the bucket", "s3://bucket?prefix=../other", "", "the prefix is not a relative path: write one such as postmortems/evidence"},
		{"an absolute prefix", "s3://bucket?prefix=/a", "", "the prefix is not a relative path: write one such as postmortems/evidence"},
		{"a prefix on two lines", "s3://bucket?prefix=a%0Ab", "", "the prefix is not a relative path: write one such as postmortems/evidence"},
		{"an endpoint with a password", "s3://bucket?endpoint=http://me:hunter2@host", "", "the endpoint is not the bare address of a server: write one such as https://s3.example.com"},
		{"an endpoint without scheme", "s3://bucket?endpoint=host:9000", "", "the endpoint is not the bare address of a server: write one such as https://s3.example.com"},
		{"a public address with a password", "file:///", "https://me:hunter2@host", "its public address is not one to append paths to: write one such as https://evidence.example.com"},
		{"a public address with a query", "file:///", "https://host?token=hunter2", "its public address is not one to append paths to: write one such as https://evidence.example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), tt.url, store.Options{PublicURL: tt.public})
			if err == nil {
				t.Fatal("no error")
			}
			if want := "opening evidence store: " + tt.want; err.Error() != want {
				t.Errorf("error:\n%s\nwant:\n%s", err, want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func FuzzOpenAddress(f *testing.F) {
	for _, seed := range []string{"s3://bucket?prefix=a/b&region=x", "s3://b?endpoint=http://h:1", "gs://b", "azblob://c?storage_account=a", "file:///tmp?prefix=..", "s3://u:p@b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		open, base, prefix, err := store.ParseAddress(raw)
		if err != nil {
			return
		}
		if u, err := url.Parse(base); err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("the place of %q is %q, %v", raw, base, err)
		}
		if prefix != "" && !strings.HasSuffix(prefix, "/") || strings.Contains("/"+prefix, "/../") {
			t.Errorf("the prefix of %q is %q", raw, prefix)
		}
		if u, err := url.Parse(open); err != nil || u.Query().Has("prefix") || u.User != nil {
			t.Errorf("the driver is given %q for %q, %v", open, raw, err)
		}
	})
}
