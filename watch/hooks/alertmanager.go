package hooks

import (
	"encoding/json"
	"errors"
	"fmt"
)

// mostRollouts bounds the hints of one group of alerts.
const mostRollouts = 100

var errTooMany = fmt.Errorf("the alerts are about more than %d Rollouts: group them by less", mostRollouts)

type alertGroup struct {
	Version string `json:"version"`
	Alerts  []struct {
		Status string            `json:"status"`
		Labels map[string]string `json:"labels"`
	} `json:"alerts"`
}

func newAlertmanager(o Options) protocol {
	return protocol{parse: func(body []byte) (delivery, error) {
		return parseAlerts(body, o.NamespaceLabel, o.RolloutLabel)
	}}
}

// parseAlerts gives a hint for each Rollout that an alert's labels name. Alerts
// about anything else are none of ours.
func parseAlerts(body []byte, namespaceLabel, rolloutLabel string) (delivery, error) {
	var group alertGroup
	if err := json.Unmarshal(body, &group); err != nil {
		return delivery{}, errNoJSON
	}
	if group.Version != "4" {
		return delivery{}, errors.New("not a webhook of version 4")
	}
	var d delivery
	seen := map[[2]string]bool{}
	for _, alert := range group.Alerts {
		namespace, name := alert.Labels[namespaceLabel], alert.Labels[rolloutLabel]
		if !isRollout(namespace, name) || seen[[2]string{namespace, name}] {
			continue
		}
		if len(d.hints) == mostRollouts {
			return delivery{}, errTooMany
		}
		seen[[2]string{namespace, name}] = true
		d.hints = append(d.hints, Hint{Source: "alertmanager", Namespace: namespace, Name: name, Why: word(alert.Labels["alertname"] + "." + alert.Status)})
	}
	return d, nil
}
