package forge

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	secondary "github.com/gofri/go-github-ratelimit/v2/github_ratelimit/github_secondary_ratelimit"
)

// complaint is what the bodies of the forges' refusals hold, all of them together.
type complaint struct {
	Message          any    `json:"message"` // a text; from GitLab also a list, or an object of lists
	Errors           any    `json:"errors"`  // GitHub and Gitea: details, texts or objects
	Error            any    `json:"error"`   // GitLab
	ErrorDescription string `json:"error_description"`
	Scope            string `json:"scope"` // GitLab: those that would do
	DocumentationURL string `json:"documentation_url"`
}

var (
	alreadyOpen = regexp.MustCompile(`(?i)(pull|merge) request already exists`)
	archived    = regexp.MustCompile(`(?i)\barchived\b`)
	// giteaScopes are in the words of Gitea and Forgejo, whose comma and sign
	// differ by version.
	giteaScopes = regexp.MustCompile(`required scope\(s\)[^\[]*\[([^\]]*)\]`)
)

// refusal reads an answer that is an error.
func refusal(resp *http.Response, body []byte, now func() time.Time) *Error {
	var said complaint
	if json.Unmarshal(body, &said) != nil {
		said = complaint{} // a proxy's, in HTML
	}
	words := sentences(said.Message, said.Errors, said.Error, said.ErrorDescription)
	e := &Error{
		Status:  resp.StatusCode,
		Message: oneLine(withoutCredentials(words, resp.Request)),
		wait:    delay(resp.Header, now),
	}
	e.Scopes, e.Reason = reason(resp, said, words)
	if e.Reason == ErrLimited && e.wait == 0 {
		// GitHub's documentation wants a minute where its answer says nothing.
		e.wait = time.Minute
	}
	return e
}

// reason tells what a refusal means.
func reason(resp *http.Response, said complaint, words string) (scopes []string, meaning error) {
	switch status := resp.StatusCode; {
	case limited(resp, said):
		return nil, ErrLimited
	case status == http.StatusUnauthorized:
		return nil, ErrUnauthorized
	case status == http.StatusForbidden && archived.MatchString(words), status == http.StatusLocked:
		return nil, ErrArchived
	case status == http.StatusForbidden, status == http.StatusNotFound:
		if scopes, lacking := missingScopes(resp.Header, said, words); lacking {
			return scopes, ErrScope
		}
		if status == http.StatusNotFound {
			return nil, ErrNotFound
		}
		return nil, ErrForbidden
	case alreadyOpen.MatchString(words):
		return nil, ErrExists
	case status == http.StatusRequestTimeout, status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return nil, ErrUnavailable
	default:
		return nil, ErrInvalid
	}
}

// limited tells the rate limits: GitHub's come with status 403, too.
func limited(resp *http.Response, said complaint) bool {
	if resp.StatusCode == http.StatusTooManyRequests {
		return true
	}
	message, _ := said.Message.(string)
	return resp.StatusCode == http.StatusForbidden &&
		(resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-Ratelimit-Remaining") == "0" ||
			secondary.SecondaryRateLimitBody{Message: message, DocumentURL: said.DocumentationURL}.IsSecondaryRateLimit())
}

// missingScopes tells which scopes a token would need, any of them, when that
// is why a request was refused.
func missingScopes(header http.Header, said complaint, words string) (scopes []string, lacking bool) {
	if found := giteaScopes.FindStringSubmatch(words); found != nil {
		return list(found[1]), true
	}
	if said.Error == "insufficient_scope" {
		return list(said.Scope), true
	}
	if strings.Contains(words, "Resource not accessible by") { // a fine-grained token, or an App
		return list(header.Get("X-Accepted-Github-Permissions")), true
	}
	has, classic := header["X-Oauth-Scopes"]
	accepted := list(header.Get("X-Accepted-Oauth-Scopes"))
	if !classic || len(accepted) == 0 {
		return nil, false
	}
	given := list(strings.Join(has, ","))
	return accepted, !slices.ContainsFunc(accepted, func(s string) bool { return slices.Contains(given, s) })
}

func list(s string) []string {
	words := strings.FieldsFunc(oneLine(s), func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
	return slices.Compact(words[:min(len(words), 10)])
}

// delay is how long a server wants to be left alone. Where it names a moment,
// that is by its own clock.
func delay(header http.Header, now func() time.Time) time.Duration {
	clock, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		clock = now()
	}
	after := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		return max(time.Duration(seconds)*time.Second, time.Second)
	}
	if moment, err := http.ParseTime(after); err == nil {
		return max(moment.Sub(clock), time.Second)
	}
	if header.Get("X-Ratelimit-Remaining") != "0" && header.Get("Ratelimit-Remaining") != "0" {
		return 0 // the limit is not what it is about
	}
	for _, name := range []string{"X-Ratelimit-Reset", "Ratelimit-Reset"} {
		if seconds, err := strconv.ParseUint(header.Get(name), 10, 40); err == nil {
			return max(time.Unix(int64(seconds), 0).Sub(clock), time.Second)
		}
	}
	return 0
}

// sentences makes one text of what the parts of a complaint say.
func sentences(parts ...any) string {
	var all []string
	for _, part := range parts {
		if text := sentence(part); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return strings.Join(all, ": ")
}

func sentence(part any) string {
	switch part := part.(type) {
	case string:
		return part
	case []any:
		var texts []string
		for _, element := range part {
			texts = append(texts, sentence(element))
		}
		return strings.Join(texts, "; ")
	case map[string]any:
		if text, ok := part["message"].(string); ok && text != "" {
			return text
		}
		var texts []string
		for _, key := range slices.Sorted(maps.Keys(part)) {
			texts = append(texts, key+" "+sentence(part[key]))
		}
		return strings.Join(texts, ", ")
	default:
		return ""
	}
}

// withoutCredentials hides what the request was authorized by, should the
// answer repeat it.
func withoutCredentials(words string, r *http.Request) string {
	if r == nil {
		return words
	}
	for _, name := range []string{"Authorization", "Private-Token"} {
		for _, value := range r.Header.Values(name) {
			if _, token, ok := strings.Cut(value, " "); ok {
				value = token // after the scheme
			}
			if value != "" {
				words = strings.ReplaceAll(words, value, "<secret>")
			}
		}
	}
	return words
}
