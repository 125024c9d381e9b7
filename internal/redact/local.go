package redact

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// The rules of our own.
const (
	ruleUnsettled      = "unsettled" // a text that the rules could not finish
	ruleKnown          = "known-secret"
	ruleField          = "secret-field"
	ruleSecretData     = "kubernetes-secret-data"
	ruleServiceAccount = "kubernetes-service-account-token"
	ruleBootstrap      = "kubernetes-bootstrap-token"
	ruleRegistryAuth   = "docker-registry-auth"
	rulePrivateKey     = "private-key" // gitleaks' name: ours only finds more of them
	ruleJWT            = "jwt"         // as well
	ruleURLUser        = "url-credentials"
	ruleURLQuery       = "url-query-credentials"
	ruleAuthorization  = "authorization-header"
	ruleBasicAuth      = "basic-auth"
	ruleBearer         = "bearer-token"
	ruleHeader         = "secret-header"
	ruleCookie         = "cookie"
	rulePasswordHash   = "password-hash"
	ruleAssignment     = "secret-assignment"
	ruleFlag           = "secret-flag"
)

// pattern is a rule that matches an expression whose last group that took part
// is the secret, if accept, which may be nil, agrees.
func pattern(id, expr string, accept func(s string, start, end int) bool, keywords ...string) rule {
	re := regexp.MustCompile(expr)
	return rule{id: id, keywords: keywords, find: func(s string, _ *keyInfo, yield func(start, end int)) {
		for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
			start, end := m[0], m[1]
			for i := 2; i < len(m); i += 2 {
				if m[i] >= 0 {
					start, end = m[i], m[i+1]
				}
			}
			if accept == nil || accept(s, start, end) {
				yield(start, end)
			}
		}
	}}
}

// localRules are the rules that name a secret at least as well as gitleaks'.
func localRules() []rule {
	// Two segments are enough: events cut their messages short.
	const jwt = `\bey[A-Za-z0-9_-]{15,}={0,2}\.ey[A-Za-z0-9_-]{8,}={0,2}(?:\.[A-Za-z0-9_+/-]*={0,2}){0,3}`
	return []rule{
		pattern(ruleServiceAccount, jwt, ofServiceAccount, "ey"),
		pattern(ruleJWT, jwt, nil, "ey"),
		// A key without its end is cut short and a key all the same.
		pattern(rulePrivateKey, `(?i)-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----`+
			`(?:[\s\S]*?-----END[ A-Z0-9_-]{0,100}KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\\:,\s-]*)`, nil, "-----begin"),
		// A word of its own tells it from the name of an event.
		pattern(ruleBootstrap, `(?i)\b(?:token|bootstrap)\b\W{1,6}([a-z0-9]{6}\.[a-z0-9]{16})\b`, nil, "token", "bootstrap"),
		pattern(ruleRegistryAuth, `\\?"auth\\?"\s*:\s*\\?"([A-Za-z0-9+/_-]{4,}={0,2})`, userAndPassword, "auth"),
		pattern(ruleAuthorization, `(?i)\bauthorization["'\\]{0,2}\s{0,2}[:=]\s{0,2}[\["'\\]{0,4}(?:`+
			`(?:aws4-hmac-sha256|digest|negotiate|ntlm|hawk)\s+([^\r\n\]]+)|`+
			`(?:basic|bearer|token|apikey|api-key|bot|key|genie?key|splunk)[ \t=:]+([^\s"'\\,;\])}]{4,}))`, secretValue, "authorization"),
		pattern(ruleAuthorization, `(?i)\bauthorization["'\\]{0,2}\s{0,2}[:=]\s{0,2}[\["'\\]{0,4}([A-Za-z0-9._~+/=-]{16,})`, machineMade, "authorization"),
		pattern(ruleBasicAuth, `(?i)\bbasic\s+([A-Za-z0-9+/_-]{4,}={0,2})`, userAndPassword, "basic"),
		pattern(ruleBearer, `(?i)\bbearer[ \t]+([A-Za-z0-9._~+/=:-]{16,})`, machineMade, "bearer"),
		pattern(ruleCookie, `(?i)\bcookie["'\\]{0,2}\s{0,2}[:=]\s{0,2}[\["'\\]{0,4}([\w.-]+=[^\s"'\\\]]{6,}[^\r\n"'\\\]]*)`, nil, "cookie"),
		pattern(rulePasswordHash, `\$(?:apr1|1|2[abxy]?|5|6|7|y|gy|argon2(?:id?|d))\$[./A-Za-z0-9$=,+]{20,}`, nil, "$"),
		pattern(ruleURLUser, `[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#"'<>\\]+)@`, userInfo, "://"),
		// A password may hold what should have been escaped.
		pattern(ruleURLUser, `[A-Za-z][A-Za-z0-9+.-]*://([^\s/?#@:"'<>\\]*:[^\s/?#@"'<>\\]*[/?#][^\s@"'<>\\]*)@`, userInfo, "://"),
		pattern(ruleURLUser, `\b([\w.%+-]+:[^\s@/"'<>]+)@(?:tcp|udp|unix)\(`, secretValue, "@tcp(", "@udp(", "@unix("), // Go's MySQL driver
		pattern(ruleURLQuery, `(?i)(?:[?&;]|\\u0026)(?:[\w.-]*(?:token|secret|passw(?:or)?d|pwd|api_?key|apikey|access_?key(?:id)?|signature|credential|private_?key)|`+
			`sig|key|auth|authorization|session_?id|jwt|code_verifier|x-amz-security-token)=([^\s&#"'<>;,)\]}\\|`+"`"+`]{4,})`, secretValue, "?", "&", ";"),
		pattern(ruleHeader, `(?i)\b(?:x-(?:[a-z-]*-)?(?:(?:api|auth|access|secret|app|session|signing|subscription|functions)-?key|token|secret|signature|auth)|(?:private|job|deploy|circle|vault)-token)["'\\]{0,2}\s{0,2}[:=]\s{0,2}[\["'\\]{0,4}([^\s"'\\,;\])}&]{6,})`,
			secretValue, "x-", "private-token", "job-token", "deploy-token"),
		{id: ruleSecretData, keywords: []string{"secret"}, find: secretManifests},
	}
}

// ofServiceAccount tells whether a JWT's claims are Kubernetes'.
func ofServiceAccount(s string, start, end int) bool {
	parts := strings.Split(s[start:end], ".")
	claims := strings.TrimRight(parts[1], "=")
	claims = claims[:len(claims)-len(claims)%4] // it may be cut short
	decoded, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		return false
	}
	return strings.Contains(string(decoded), "kubernetes.io") || strings.Contains(string(decoded), "system:serviceaccount:") ||
		strings.Contains(string(decoded), "kubernetes/serviceaccount")
}

// userAndPassword tells whether base64 encodes "user:password".
func userAndPassword(s string, start, end int) bool {
	decoded, ok := decodeBase64(s[start:end])
	return ok && strings.Contains(decoded, ":")
}

func secretValue(s string, start, end int) bool { return !noSecret(s[start:end]) }

// machineMade tells a token from the next word of a sentence.
func machineMade(s string, start, end int) bool {
	v := s[start:end]
	return !noSecret(v) && !objectName(v) && !wordLike(v)
}

// userInfo judges what stands between "://" and "@".
func userInfo(s string, start, end int) bool {
	v, after := s[start:end], s[end+1:]
	if digestPattern.MatchString(after) {
		return false // docker-pullable://registry:5000/shop/checkout@sha256:...
	}
	user, password, ok := strings.Cut(v, ":")
	if !ok {
		// A name alone is no secret, a token in its place is.
		return !strings.ContainsAny(v, "/?#") && len(v) >= 20 && random(v) && !objectName(v)
	}
	if strings.ContainsAny(user, "/?#[") {
		return false // the "@" is in the path or the query
	}
	if i := strings.IndexAny(password, "/?#"); i >= 0 && strings.Trim(password[:i], "0123456789") == "" {
		return false // a port
	}
	return !noSecret(password)
}
