package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	placeholderPattern  = regexp.MustCompile(`^(?:(?i:bearer|basic|token)\s+)?(?:\$\{?[\w.:-]+\}?|\$\([\w.-]+\)|\$?\{\{[^{}]*\}\}|<[^<>]*>|%\(?\w+\)?s?%?|\*+|[xX]{3,}|\.{3}|…)$`)
	objectNamePattern   = regexp.MustCompile(`^[a-z]{2,}[a-z0-9]*(?:[-./:][a-z0-9]{1,16})+$`)
	identifierPattern   = regexp.MustCompile(`(?i)^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{7,64}|v?\d+(?:\.\d+)+(?:[-+._][\w.+-]*)?|\d{4}-\d\d-\d\d.*|-?[\d.]+)$`)
	labelMatcherPattern = regexp.MustCompile(`^[a-z_]{3,}=`)
	snakePattern        = regexp.MustCompile(`^[a-z]+(?:_[a-z0-9]{1,16})+$`)
	digestPattern       = regexp.MustCompile(`^sha\d{3}:[0-9a-f]+`)
)

// noValues are words that stand where a secret would and tell something about it.
var noValues = []string{
	"true", "false", "null", "nil", "none", "undefined", "unset", "empty", "required", "missing", "invalid", "incorrect",
	"expired", "changed", "unknown", "wrong", "denied", "failed", "not", "is", "was", "must", "cannot", "redacted", "hidden",
	"error", "unauthorized", "forbidden", "optional", "string", "rotated", "revoked", "the", "for", "and", "with", "from",
}

// noSecret tells whether a value stands for a secret or for its absence.
func noSecret(v string) bool {
	v = strings.TrimSpace(withoutMarkers(v))
	if v == "" || placeholderPattern.MatchString(v) {
		return true
	}
	switch strings.ToLower(v) {
	case "bearer", "basic", "token", "digest", "aws4-hmac-sha256": // a scheme whose credentials are redacted
		return true
	}
	return slices.Contains(noValues, strings.ToLower(strings.TrimRight(v, ".,;:!)")))
}

// objectName tells whether a value has the shape of a Kubernetes name with
// several parts, such as shop/checkout-tls or checkout-666689f855-x2x9z.
func objectName(v string) bool { return objectNamePattern.MatchString(v) }

// identifier tells whether a value has the shape of a UID, a hash, a version, a
// time or a number.
func identifier(v string) bool {
	return identifierPattern.MatchString(v) || digestPattern.MatchString(v)
}

// random tells whether a value looks made by a machine.
func random(v string) bool {
	return len(v) >= 8 && strings.ContainsFunc(v, unicode.IsDigit) && strings.ContainsFunc(v, unicode.IsLetter) && entropy(v) >= 2.5
}

// wordLike tells whether a value may be a word of a sentence: a password that
// is one cannot be told from it.
func wordLike(v string) bool {
	if len(v) < 6 {
		return true
	}
	digit := strings.ContainsFunc(v, unicode.IsDigit)
	letter := strings.ContainsFunc(v, unicode.IsLetter)
	hump := strings.ContainsFunc(v, unicode.IsLower) && strings.ContainsFunc(v[1:], unicode.IsUpper)
	return !(digit && letter) && !hump && !strings.ContainsAny(v, "!@#$%^&*+~?=")
}

// ordinaryAssignment judges a find of gitleaks' generic rule in s[start:end]. The
// rule takes "auth-api:1.2.3-4f6a" and "key: <uid>" for secrets.
func ordinaryAssignment(s string, start, end int) bool {
	value := s[start:end]
	name, image := nameBefore(s, start)
	switch {
	case noSecret(value), image && !strings.Contains(value, "="):
		return true
	case name == strong:
		return false
	case name == weak:
		return objectName(value)
	}
	return objectName(value) || identifier(value) || snakePattern.MatchString(value) || labelMatcherPattern.MatchString(value)
}

// nameBefore classifies the words before the operator before s[start:], and
// tells whether they rather are an image whose tag begins there.
func nameBefore(s string, start int) (name class, image bool) {
	head := s[max(0, start-100):start]
	tight := strings.HasSuffix(head, ":")
	head = strings.TrimRight(head, "=:>|,?` \t\r\n'\"\\")
	from := strings.LastIndexFunc(head, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_.-/ \t", c)
	})
	phrase := head[from+1:]
	fields := strings.Fields(phrase)
	if len(fields) == 0 {
		return plain, false
	}
	last := fields[len(fields)-1]
	before := strings.TrimSuffix(head[:from+1], `"`)
	image = tight && (strings.Contains(last, "/") || strings.HasSuffix(strings.TrimSpace(before), "image") && before != head[:from+1])
	for i := range fields { // "secret access key", "token is"
		name = max(name, classify(strings.Join(fields[i:], " ")), classify(fields[i]))
	}
	return name, image
}
