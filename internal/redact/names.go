package redact

import (
	"slices"
	"strings"
	"unicode"
)

// class tells what the name of a field says about its value.
type class int

const (
	plain  class = iota
	weak         // a secret or the name of one: token, secret, credentials
	strong       // a secret: password, api_key, client-secret
)

var (
	strongWords = []string{
		"password", "passwd", "pwd", "passphrase", "passcode", "authorization",
		"apikey", "accesskey", "secretkey", "privatekey", "sharedkey", "accountkey", "authkey",
		"clientsecret", "authtoken", "accesstoken", "refreshtoken", "idtoken",
		"bearertoken", "identitytoken", "registrytoken", "apitoken", "sessiontoken",
		"dockerconfigjson", "dockercfg", "sshpass", "pgpassword", "mysqlpwd",
	}
	weakWords = []string{"token", "secret", "credential", "credentials", "creds", "cookie"}
	// keysOf are the words that make a following "key" a secret one.
	keysOf = []string{
		"api", "access", "secret", "private", "auth", "account", "signing", "encryption", "service",
		"routing", "integration", "license", "shared", "master", "storage", "session", "client",
	}
	// secretsOf do the same for a following "secret".
	secretsOf = []string{"client", "app", "application", "shared", "webhook", "signing", "api", "consumer", "oauth"}
	// namesOf come before the name of a Secret or before a token of paging.
	namesOf = []string{"pull", "existing", "tls", "next", "page", "continue", "continuation", "sync"}
	// digests tell that the value is a digest, as in "checksum/secret".
	digests = []string{"checksum", "hash", "digest", "sha", "sha1", "sha256", "md5", "fingerprint"}
)

// classify judges the name of a field: dbPassword, X-Api-Key, AWS_SECRET_ACCESS_KEY.
func classify(name string) class {
	w := words(name)
	if len(w) == 0 || slices.ContainsFunc(w, func(word string) bool { return slices.Contains(digests, word) }) {
		return plain
	}
	last, before := w[len(w)-1], ""
	if len(w) > 1 {
		before = w[len(w)-2]
	}
	if last == "data" && before == "key" && slices.Contains(w, "client") { // kubeconfig
		return strong
	}
	if slices.Contains(strongWords, last) || strings.HasSuffix(last, "password") || strings.HasSuffix(last, "passwd") {
		return strong
	}
	switch last {
	case "key":
		if slices.Contains(keysOf, before) {
			return strong
		}
		return plain
	case "token", "secret":
		switch {
		case slices.Contains(namesOf, before):
			return plain
		case last == "token" && before != "", slices.Contains(secretsOf, before):
			return strong
		}
	}
	if slices.Contains(weakWords, last) {
		return weak
	}
	return plain
}

// words splits a name at its separators and humps, in lower case.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, c := range runes {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			flush()
			continue
		}
		hump := unicode.IsUpper(c) && i > 0 &&
			(unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]) || i+1 < len(runes) && unicode.IsUpper(runes[i-1]) && unicode.IsLower(runes[i+1]))
		if hump {
			flush()
		}
		word = append(word, c)
	}
	flush()
	return out
}
