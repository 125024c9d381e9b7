package hooks

import (
	"encoding/json"
	"errors"
)

// argoNotification is the body that our own notification template makes. What
// the Rollout's status says is left out on purpose: the controller sends the one
// before the change.
type argoNotification struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Trigger   string `json:"trigger"`
}

func newArgo(Options) protocol { return protocol{parse: parseArgo} }

func parseArgo(body []byte) (delivery, error) {
	var n argoNotification
	if err := json.Unmarshal(body, &n); err != nil {
		return delivery{}, errNoJSON
	}
	if !isRollout(n.Namespace, n.Name) {
		return delivery{}, errors.New("namespace and name are not those of a Rollout")
	}
	return delivery{hints: []Hint{{Source: "argo", Namespace: n.Namespace, Name: n.Name, Why: word(n.Trigger)}}}, nil
}
