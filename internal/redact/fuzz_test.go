package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func FuzzJSON(f *testing.F) {
	for _, document := range ordinaryDocuments {
		f.Add([]byte(document))
	}
	for _, secret := range []string{secretPassword, serviceAccount, privateKey, "https://u:p4ss@h?token=abcdef", "password=a,secret: b"} {
		for _, format := range []string{`{"password":%q,"x":[%[1]q]}`, `[{"name":"TOKEN","value":%q},"--token",%[1]q]`, `{"kind":"Secret","data":{%q:%[1]q}}`} {
			f.Add(fmt.Appendf(nil, format, secret))
		}
	}
	f.Add([]byte(`{"[redacted:aws-access-token]":"x","a":"\ud800 password=\u0022x"}`))
	f.Add([]byte(`"{\"a\":\"{\\\"token\\\":\\\"x\\\"}\"}"`))
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		once, counts, err := r.JSON(data)
		if (err == nil) != json.Valid(data) {
			t.Fatalf("valid is %v: %v", json.Valid(data), err)
		}
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("no longer JSON: %q", once)
		}
		if before, after := shape(t, data), shape(t, once); before != after {
			t.Fatalf("the structure changed:\n%s\n%s", before, after)
		}
		if len(counts) == 0 && !bytes.Equal(once, data) {
			t.Fatalf("nothing was redacted, but it changed:\n%q\n%q", data, once)
		}
		twice, counts, err := r.JSON(once)
		if err != nil || !bytes.Equal(twice, once) || len(counts) > 0 {
			t.Fatalf("the second pass changed, %v, %v:\n%q\n%q", counts, err, once, twice)
		}
	})
}

func FuzzString(f *testing.F) {
	for _, s := range ordinary {
		f.Add(s)
	}
	for _, secret := range []string{serviceAccount, privateKey, "https://u:p4ss@h?token=abcdef", "password=a,secret: b", "kind: Secret\ndata:\n  a: eA=="} {
		f.Add(secret)
		f.Add("[redacted:x]" + secret + "[redacted:" + secret + "]")
	}
	r := newRedactor(f)
	f.Fuzz(func(t *testing.T, s string) {
		once, counts := r.String(s)
		if len(counts) == 0 && once != s {
			t.Fatalf("nothing was redacted, but it changed:\n%q\n%q", s, once)
		}
		if twice, counts := r.String(once); twice != once || len(counts) > 0 {
			t.Fatalf("the second pass changed, %v:\n%q\n%q\n%q", counts, s, once, twice)
		}
	})
}

// shape is a document without its strings, and without its numbers where they
// may be passwords, read by encoding/json.
func shape(t *testing.T, data []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var b strings.Builder
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case json.Delim:
			b.WriteString(token.String())
		case bool, nil:
			fmt.Fprint(&b, token, " ")
		default:
			b.WriteString("scalar ")
		}
		// More is false at the end of an inner value, too.
		for !dec.More() {
			token, err := dec.Token()
			if err != nil {
				return b.String()
			}
			fmt.Fprint(&b, token)
		}
	}
	return b.String()
}
