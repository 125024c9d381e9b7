package forge

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func refuse(status int, h http.Header, body string) *Error {
	r, _ := http.NewRequest(http.MethodGet, "https://forge.test", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	return refusal(&http.Response{StatusCode: status, Header: h, Request: r}, []byte(body), func() time.Time { return time.Unix(1_000_000, 0) })
}

func TestRefusal(t *testing.T) {
	tests := map[string]struct {
		status int
		header http.Header
		body   string
		want   error
		says   string
		scopes []string
	}{
		"fine-grained token": {
			403, header("X-Accepted-Github-Permissions", "pull_requests=write"), `{"message":"Resource not accessible by personal access token"}`,
			ErrScope, "Resource not accessible by personal access token",
			[]string{"pull_requests=write"},
		},
		"classic token has the scope": {
			404, header("X-Oauth-Scopes", "gist, repo", "X-Accepted-Oauth-Scopes", "repo"), `{"message":"Not Found"}`,
			ErrNotFound, "Not Found", nil,
		},
		"old Gitea's scopes": {
			403, nil, `{"message":"token does not have at least one of required scope(s): [write:issue]"}`,
			ErrScope, "token does not have at least one of required scope(s): [write:issue]",
			[]string{"write:issue"},
		},
		"details": {
			422, nil, `{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]}`,
			ErrInvalid, "Validation Failed: code invalid, field head, resource PullRequest", nil,
		},
		"GitLab's lists": {
			400, nil, `{"message":{"base":["is wrong"],"title":["can't be blank","is too short"]}}`,
			ErrInvalid, "base is wrong, title can't be blank; is too short", nil,
		},
		"a proxy's page": {403, nil, "<html><h1>Forbidden</h1></html>", ErrForbidden, "", nil},
		"the token":      {400, nil, `{"message":"bad header Bearer ` + secret + `"}`, ErrInvalid, "bad header Bearer <secret>", nil},
		"control characters": {
			400, nil, `{"message":"a\u001b[31mb\u202ec\nd"}`,
			ErrInvalid, "a [31mbc d", nil,
		},
		"no message":     {409, nil, `[]`, ErrInvalid, "", nil},
		"unimplemented":  {501, nil, ``, ErrInvalid, "", nil},
		"behind a proxy": {522, nil, ``, ErrUnavailable, "", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.header == nil {
				test.header = http.Header{}
			}
			e := refuse(test.status, test.header, test.body)
			if !errors.Is(e, test.want) || e.Message != test.says {
				t.Errorf("got %v; want %v, %q", e, test.want, test.says)
			}
			if diff := cmp.Diff(test.scopes, e.Scopes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzRefusal(f *testing.F) {
	f.Add(403, "0", "9999999999", `{"message":["x",{"y":"z"}],"errors":{"a":[1,null]},"error":"insufficient_scope","scope":"a b"}`)
	f.Add(429, "", "-1", "\x00\xff")
	f.Fuzz(func(t *testing.T, status int, remaining, moment, body string) {
		h := http.Header{"X-Ratelimit-Remaining": {remaining}, "X-Ratelimit-Reset": {moment}, "Retry-After": {moment}, "X-Accepted-Oauth-Scopes": {body}, "X-Oauth-Scopes": {""}}
		e := refuse(status, h, body)
		if e.Reason == nil || e.wait < 0 {
			t.Errorf("got %+v", e)
		}
		said := e.Error()
		if strings.ContainsFunc(said, func(r rune) bool { return !unicode.IsPrint(r) }) || len([]rune(e.Message)) > longestMessage+3 {
			t.Errorf("says %q", said)
		}
		if strings.Contains(said, base64.StdEncoding.EncodeToString([]byte(secret))) || strings.Contains(said, secret) {
			t.Errorf("says the token: %q", said)
		}
	})
}
