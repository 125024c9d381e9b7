// Package replay serves a folder of recorded API answers as the live APIs that
// they were taken from: the Kubernetes API at the root, the Prometheus API
// under [PrometheusPath] and the PagerDuty REST API under [PagerDutyPath].
//
// It answers as the real servers do, as far as a client can tell: selectors,
// paging and discovery work, PromQL is evaluated by Prometheus's own engine
// over the recorded samples, and errors have the real servers' shapes. It is
// for tests and for making the demonstration bundle, never for production.
package replay
