package hooks

import "github.com/prometheus/client_golang/prometheus"

// metrics are listed in docs/webhooks.md.
type metrics struct {
	registry prometheus.Registerer
	requests *prometheus.CounterVec
	hints    *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		registry: r,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_webhook_requests_total", Help: "Webhooks received, by the status code of the answer.",
		}, []string{"receiver", "code"}),
		hints: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "debrief_webhook_hints_total", Help: "Hints of webhooks, by what became of them.",
		}, []string{"receiver", "result"}),
	}
	r.MustRegister(m.requests, m.hints)
	return m
}

// watch also shows how many hints wait.
func (m *metrics) watch(waiting func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "debrief_webhook_hints_waiting", Help: "Hints taken and not yet passed on.",
	}, waiting))
}

func (m *metrics) count(hints []Hint, result string) {
	for _, h := range hints {
		m.hints.WithLabelValues(h.Source, result).Inc()
	}
}
