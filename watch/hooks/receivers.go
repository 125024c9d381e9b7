package hooks

import (
	"net/http"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Receiver is one kind of webhook.
type Receiver struct {
	Name string
	Path string // where it is received
	Doc  string // what it is, in a sentence
	new  func(Options) protocol
}

// All are the receivers there are.
var All = []Receiver{
	{Name: "argo", Path: "/hooks/argo", Doc: "Notifications of Argo Rollouts, with a bearer token.", new: newArgo},
	{Name: "pagerduty", Path: "/hooks/pagerduty", Doc: "PagerDuty's V3 webhooks, with a signature.", new: newPagerDuty},
	{Name: "alertmanager", Path: "/hooks/alertmanager", Doc: "Alertmanager's webhooks, with a bearer token.", new: newAlertmanager},
}

// protocol is how a sender's requests are understood.
type protocol struct {
	// signed tells whether the body is signed with one of the secrets. Nil: the
	// secrets are bearer tokens.
	signed func(header http.Header, body []byte, secrets []string) bool
	// parse reads a body. Its errors hold nothing of it.
	parse func(body []byte) (delivery, error)
}

// delivery is what one request says.
type delivery struct {
	hints []Hint
	id    string    // the same each time it is delivered; empty: it has none
	at    time.Time // when it happened; zero: not known
}

// isRollout tells whether the names can be those of a Rollout: they may come
// from anybody, and are used in requests.
func isRollout(namespace, name string) bool {
	return len(validation.IsDNS1123Label(namespace)) == 0 && len(validation.IsDNS1123Subdomain(name)) == 0
}

const longestWord = 64

// word keeps of text what a log can hold without doubt.
func word(s string) string {
	if len(s) > longestWord {
		s = s[:longestWord]
	}
	return strings.Map(func(r rune) rune {
		if isWord(r) {
			return r
		}
		return '_'
	}, s)
}

func isWord(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' || r == '_'
}
