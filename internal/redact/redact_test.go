package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
)

const (
	secretPassword = "S3cr3t-Horse.Battery"
	serviceAccount = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50IiwibmFtZXNwYWNlIjoic2hvcCIsInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpzaG9wOmRlZmF1bHQifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	someJWT        = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV"
	privateKey     = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1c7+9z5Pad7OejecsQ0buXwq\nb8mO5Yk3WQ7s1UGm2hD3nE6rF0aB4tZ9\n-----END RSA PRIVATE KEY-----"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// TestText plants secrets of our own rules: each case has the secret between
// guillemets, which are taken out before.
func TestText(t *testing.T) {
	r := newRedactor(t)
	for _, test := range []struct{ rule, text string }{
		{ruleServiceAccount, "token «" + serviceAccount + "» was refused"},
		{ruleServiceAccount, "cut short: «" + serviceAccount[:120] + "»"},
		{ruleJWT, "(«" + someJWT + "»), so"},
		{ruleJWT, "cookie jar {«" + someJWT[:60] + "»}"},
		{rulePrivateKey, "wrote «" + privateKey + "» to disk"},
		{rulePrivateKey, "wrote «" + strings.ReplaceAll(privateKey, "\n", `\n`) + "» to disk"},
		{rulePrivateKey, "wrote «" + privateKey[:90] + "»"},
		{rulePrivateKey, "«-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5v»"},
		{ruleBootstrap, "kubeadm join 10.0.0.1:6443 --token «abcdef.0123456789abcdef»"},
		{ruleURLUser, "GET https://«admin:" + secretPassword + "»@registry.local/v2/: 401"},
		{ruleURLUser, "postgres://«app:pa/ss?w0rd»@db:5432/shop"},
		{ruleURLUser, "amqp://«app:p@ss@word»@mq/shop?a=b@c.d"},
		{ruleURLUser, "redis://«:" + secretPassword + "»@cache:6379/0"},
		{ruleURLUser, "https://«0ee3767d8a064f33b4e8a1de6d960c86»@sentry.example.com/42"},
		{ruleURLUser, "dial «root:" + secretPassword + "»@tcp(127.0.0.1:3306)/shop"},
		{ruleURLQuery, "GET /blob?sv=2022&sig=«abc%2Bdef%3D»&se=2026"},
		{ruleURLQuery, "https://x.example.com/?a=b&access_token=«s3cr3tvalue»&c=d"},
		{ruleURLQuery, `https://s3.example.com/o?X-Amz-Signature=«3f2a9c1b7d5e8a6b»\u0026X-Amz-Date=20261122`},
		{ruleURLQuery, "https://s3.example.com/o?X-Goog-Credential=«sa%40p.iam»&x=1"},
		{ruleAuthorization, "Authorization: Basic «" + b64("app:"+secretPassword) + "»"},
		{ruleAuthorization, "map[Authorization:[Bearer «abcDEF123456»] Accept:[*/*]]"},
		{ruleAuthorization, `{"Authorization": "Token «abcdef1234567890»", "x": 1`},
		{ruleAuthorization, "authorization: «0a1b2c3d4e5f6a7b8c9d»"},
		{ruleAuthorization, "Authorization: AWS4-HMAC-SHA256 «Credential=AK/20261122/eu, SignedHeaders=host, Signature=3f2a9c1b»"},
		{ruleBasicAuth, "sent basic «" + b64("app:x") + "» to it"},
		{ruleBearer, "with bearer «Abcdefgh12345678ijk» for all"},
		{ruleHeader, "X-Vault-Token: «hunter2hunter»"},
		{ruleHeader, "curl -H 'PRIVATE-TOKEN: «abc123def»' https://gitlab"},
		{ruleCookie, "Set-Cookie: «session=abcdef123456; Path=/; HttpOnly»"},
		{rulePasswordHash, "htpasswd says admin:«$2y$10$abcdefghijklmnopqrstuv»"},
		{ruleRegistryAuth, `{"auths":{"r":{"auth":"«` + b64("u:p4ss") + `»"`},
		{ruleRegistryAuth, `\"auth\":\"«` + b64("u:p4ss") + `»\"`},
		{ruleAssignment, "connect failed: host=db user=app password=«hunter2» dbname=shop"},
		{ruleAssignment, "{password:«hunter2», user:app}"},
		{ruleAssignment, "AccountName=x;AccountKey=«abc+def/ghi==»;EndpointSuffix=y"},
		{ruleAssignment, `json {"db_password":"«correct horse»","user":"app"`},
		{ruleAssignment, `json {\"client_secret\":\"«zyx»\",\"user\":\"app\"`},
		{ruleAssignment, "we used password: «Hunter2!»"},
		{ruleAssignment, "db:\n  password: «correcthorse»\n  user: app"},
		{ruleAssignment, `up{password="«hunter»",job="x"}`},
		{ruleAssignment, `up{password=~"«hunter|b»"}`},
		{ruleAssignment, "client-key-data: «LS0tLS1CRUdJTi»"},
		{ruleFlag, "exec: mysqld --root-password «Hunter2x» --port 3306"},
		{"github-pat", "export GITHUB_TOKEN=«ghp_0123456789abcdefghijABCDEFGHIJ012345»,"},
		{"github-pat", "encoded «" + b64("token ghp_0123456789abcdefghijABCDEFGHIJ012345") + "» there"},
		{ruleURLUser, "redirect=«https%3A%2F%2Fapp%3AS3cr3tHorse%40db%2Fx»&x"},
		{ruleSecretData, "apiVersion: v1\nkind: Secret\ndata:\n  user: «YXBw»\n  pass: «eA==»\ntype: Opaque"},
		{ruleSecretData, "data:\n  a: «YXBw»\n  b: |\n    «bGluZTE»\n    «bGluZTI=»\nkind: Secret\n---\nkind: ConfigMap\ndata:\n  color: blue"},
	} {
		in := strings.NewReplacer("«", "", "»", "").Replace(test.text)
		got, counts := r.String(in)
		if counts[test.rule] == 0 {
			t.Errorf("%s: counted %v", test.text, counts)
		}
		want := test.text
		for {
			before, rest, ok := strings.Cut(want, "«")
			if !ok {
				break
			}
			_, after, _ := strings.Cut(rest, "»")
			want = before + marker(test.rule) + after
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", test.text, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	r := newRedactor(t)
	docker := `{"auths":{"registry.local":{"username":"u","password":"` + secretPassword + `","auth":"` + b64("u:"+secretPassword) + `"}}}`
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for _, test := range []struct{ in, want string }{
		{`{"password":"x","a":1}`, `{"password":"[redacted:secret-field]","a":1}`},
		{`{ "dbPassword" : 12345678 , "n" : 1.50 }`, `{ "dbPassword" : "[redacted:secret-field]" , "n" : 1.50 }`},
		{`{"tokens":3,"token":"abc","secret":"hunter","x":"<&>"}`, `{"tokens":3,"token":"[redacted:secret-field]","secret":"[redacted:secret-field]","x":"<&>"}`},
		{
			`{"env":[{"name":"DB_PASSWORD","value":"x"},{"value":"y","name":"API_KEY"},{"name":"COLOR","value":"z"}]}`,
			`{"env":[{"name":"DB_PASSWORD","value":"[redacted:secret-field]"},{"value":"[redacted:secret-field]","name":"API_KEY"},{"name":"COLOR","value":"z"}]}`,
		},
		{`{"args":["--db-password","x","--port","1"],"passwords":[]}`, `{"args":["--db-password","[redacted:secret-field]","--port","1"],"passwords":[]}`},
		{`{"password":["a","b",{"c":"d"}]}`, `{"password":["[redacted:secret-field]","[redacted:secret-field]",{"c":"d"}]}`},
		{`{"data":{"a":"YQ==","b":null,"c":""},"kind":"Secret"}`, `{"data":{"a":"[redacted:kubernetes-secret-data]","b":null,"c":""},"kind":"Secret"}`},
		{`{"kind":"SecretList","items":[{"stringData":{"a":"b"}}]}`, `{"kind":"SecretList","items":[{"stringData":{"a":"[redacted:kubernetes-secret-data]"}}]}`},
		{`{"type":"kubernetes.io/tls","data":{"tls.key":"eA=="}}`, `{"type":"kubernetes.io/tls","data":{"tls.key":"[redacted:kubernetes-secret-data]"}}`},
		{`{"x":{".dockerconfigjson":"` + b64(docker) + `"}}`, `{"x":{".dockerconfigjson":"[redacted:docker-registry-auth]"}}`},
		{`{"headers":{"Authorization":"Bearer abc","Accept":"*/*"}}`, `{"headers":{"Authorization":"[redacted:secret-field]","Accept":"*/*"}}`},
		{`{"adafruit_io":"0123456789abcdef0123456789abcdef"}`, `{"adafruit_io":"[redacted:adafruit-api-key]"}`},
		{`{"ghp_0123456789abcdefghijABCDEFGHIJ012345":1}`, `{"[redacted:github-pat]":1}`},
		{`{"m":"https:\/\/u:` + `p\u0061ss@h\/"}`, `{"m":"https://[redacted:url-credentials]@h/"}`},
		{`{"last-applied":` + quoted(`{"kind":"Secret","data":{"a":"YQ=="}}`) + `}`, `{"last-applied":` + quoted(`{"kind":"Secret","data":{"a":"[redacted:kubernetes-secret-data]"}}`) + `}`},
		{`"` + someJWT + `"`, `"[redacted:jwt]"`},
	} {
		got, counts, err := r.JSON([]byte(test.in))
		if err != nil {
			t.Errorf("%s: %v", test.in, err)
			continue
		}
		if string(got) != test.want || counts.Total() != strings.Count(test.want, markerPrefix) {
			t.Errorf("%s:\n got %s %v\nwant %s", test.in, got, counts, test.want)
		}
	}

	got, _ := r.String(docker)
	if strings.Contains(got, secretPassword) || strings.Contains(got, b64("u:"+secretPassword)) || !json.Valid([]byte(got)) || !strings.Contains(got, `"username":"u"`) {
		t.Errorf("registry credentials: %s", got)
	}
	for _, bad := range []string{"", "{", "{} {}", "password=hunter2"} {
		if _, _, err := r.JSON([]byte(bad)); err == nil || err.Error() != "redacting: not one JSON value" {
			t.Errorf("JSON(%q): %v", bad, err)
		}
	}
}

func TestKnownSecrets(t *testing.T) {
	r := newRedactor(t, "plain words", "a/b c", "no")
	got, counts := r.String("no plain words in a/b c, a%2Fb+c or a%2Fb%20c")
	if want := "no [redacted:known-secret] in [redacted:known-secret], [redacted:known-secret] or [redacted:known-secret]"; got != want || counts.Total() != 4 {
		t.Errorf("got %s %v", got, counts)
	}
}

// TestKnow: what was clean before a secret was known is searched again.
func TestKnow(t *testing.T) {
	r := newRedactor(t, "first one")
	const text, field = "the first one and the second one", `{"second one":1}`
	if got, _ := r.String(text); got != "the [redacted:known-secret] and the second one" {
		t.Errorf("got %s", got)
	}
	if got, _, err := r.JSON([]byte(field)); err != nil || string(got) != field {
		t.Errorf("got %s, %v", got, err)
	}
	r.Know("second one")
	if got, _ := r.String(text); got != "the [redacted:known-secret] and the [redacted:known-secret]" {
		t.Errorf("got %s", got)
	}
	if got, _, err := r.JSON([]byte(field)); err != nil || string(got) != `{"[redacted:known-secret]":1}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestUnsettled: a text that the rules do not finish goes as a whole.
func TestUnsettled(t *testing.T) {
	r := newRedactor(t)
	eager := rule{id: "eager", keywords: []string{"x"}, find: func(s string, _ *keyInfo, yield func(start, end int)) {
		i := strings.IndexByte(s, 'x')
		yield(i, i+1)
	}}
	stubborn := newWith(newRuleSet([]rule{eager}))
	if got, _ := stubborn.String("password=hunter2 " + strings.Repeat("x", 2*maxRounds)); got != "[redacted:unsettled]" {
		t.Errorf("got %s", got)
	}
	forged := "[redacted:x] " + strings.Repeat("[redacted:", 50) + "password=hunter2" + strings.Repeat("]", 50)
	got, _ := r.String(forged)
	again, counts := r.String(got)
	if strings.Contains(got, "hunter2") || again != got || len(counts) > 0 {
		t.Errorf("forged markers: %s, then %s", got, again)
	}
}

// TestQuiet: the library logs through a global logger to stderr. Neither it nor
// we may print what was found.
func TestQuiet(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = write, write
	t.Cleanup(func() { os.Stdout, os.Stderr = stdout, stderr })
	if _, _, err := gitleaksRules(); err != nil {
		t.Error(err)
	}
	newRedactor(t).String("password=hunter2 ghp_0123456789abcdefghijABCDEFGHIJ012345")
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if _, err := printed.ReadFrom(read); err != nil || printed.Len() > 0 {
		t.Errorf("printed %q, %v", &printed, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	r := newRedactor(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, s := range ordinary {
				r.String(s)
				if got, _, err := r.JSON([]byte(`{"password":"x","n":"https://u:p4ss@h"}`)); err != nil || strings.Contains(string(got), "p4ss") {
					t.Errorf("got %s, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}
