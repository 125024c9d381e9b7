package store_test

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/debrief-sre/debrief/output/store"
)

// awsEnvironment keeps what the machine has out of a test, and its metadata
// service from being looked for.
func awsEnvironment(t *testing.T, id, secret string) {
	t.Helper()
	for key, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"),
	} {
		t.Setenv(key, value)
	}
}

// put opens a store and puts a bundle, and gives the error of either.
func put(t *testing.T, address string) error {
	t.Helper()
	s, err := store.Open(t.Context(), address, store.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	path, _, _ := bundle(t)
	_, err = s.Put(t.Context(), path)
	return err
}

// refusing serves an S3 error, as in Amazon's documentation of its errors.
func refusing(t *testing.T, status int, code, message string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			w.Write([]byte("<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"))
		}
	}))
	t.Cleanup(server.Close)
	return "s3://bucket?region=eu-central-1&endpoint=" + server.URL
}

func TestS3Failures(t *testing.T) {
	tests := []struct {
		name    string
		address func(t *testing.T) string
		is      error
		want    string
	}{
		{"denied", func(t *testing.T) string {
			return refusing(t, http.StatusForbidden, "AccessDenied", "Access Denied")
		}, store.ErrDenied, "the store refuses the credentials (AccessDenied: Access Denied)"},
		{"wrong key", func(t *testing.T) string {
			return refusing(t, http.StatusForbidden, "InvalidAccessKeyId", "The key is not in our records.")
		}, store.ErrDenied, "the store refuses the credentials (InvalidAccessKeyId: The key is not in our records.)"},
		{"no bucket", func(t *testing.T) string {
			return refusing(t, http.StatusNotFound, "NoSuchBucket", "The bucket does not exist")
		}, store.ErrNotFound, "the bucket, or the bundle in it, does not exist (NoSuchBucket: The bucket does not exist)"},
		{"broken", func(t *testing.T) string {
			return refusing(t, http.StatusNotImplemented, "NotImplemented", "A header implies what is not implemented")
		}, nil, "NotImplemented: "},
		{"unreachable", func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			return "s3://bucket?region=eu-central-1&endpoint=http://" + l.Addr().String()
		}, nil, "connection refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			awsEnvironment(t, "AKIAIOSFODNN7EXAMPLE", "hunter2-secret")
			err := put(t, test.address(t))
			if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error: %v\nwant: %s", err, test.want)
			}
			if text := err.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, "AKIA") || strings.ContainsAny(text, "\n") || len(text) > 500 {
				t.Errorf("the error is no short, harmless line: %s", text)
			}
		})
	}
}

func TestS3WithoutCredentials(t *testing.T) {
	awsEnvironment(t, "", "")
	err := put(t, "s3://bucket?region=eu-central-1&endpoint=http://127.0.0.1:1")
	if !errors.Is(err, store.ErrDenied) || !strings.HasSuffix(err.Error(), "none were found in the environment or in files") {
		t.Error(err)
	}
}

func TestS3WithoutRegion(t *testing.T) {
	awsEnvironment(t, "AKIAIOSFODNN7EXAMPLE", "hunter2-secret")
	if err := put(t, "s3://bucket"); err == nil || !strings.HasSuffix(err.Error(), "write ?region= or set AWS_REGION") {
		t.Error(err)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	missing := filepath.ToSlash(filepath.Join(t.TempDir(), "missing"))
	err := put(t, "file://"+missing)
	if err == nil || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("error: %v", err)
	}
	if err := put(t, "file://"+missing+"?create_dir=true"); err != nil {
		t.Error(err)
	}
}

func TestABundleThatIsNotThere(t *testing.T) {
	if _, err := store.InMemory().Put(t.Context(), filepath.Join(t.TempDir(), "missing.zip")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
