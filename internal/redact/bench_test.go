package redact

import (
	"encoding/json"
	"fmt"
	"testing"
)

const benchmarkEvents = 10_000

// typicalEvents are events as a cluster has them: names, UIDs, versions and
// times differ, messages repeat with other names in them.
func typicalEvents(tb testing.TB) [][]byte {
	tb.Helper()
	messages := []string{
		"Scaled up replica set checkout-%x from 0 to 1",
		"Successfully assigned shop/checkout-%x-x2x9z to node-a",
		`Pulling image "registry.local/auth-service:1.2.3-%x"`,
		"Readiness probe failed: HTTP probe failed with statuscode: 500",
		"Back-off restarting failed container api in pod checkout-%x-x2x9z_shop",
		`MountVolume.SetUp failed for volume "certs" : secret "tls-%x" not found`,
	}
	events := make([][]byte, benchmarkEvents)
	for i := range events {
		hash := uint32(i) * 2654435761
		name := fmt.Sprintf("checkout-%x", hash)
		message := messages[i%len(messages)]
		if i%len(messages) != 3 {
			message = fmt.Sprintf(message, hash)
		}
		at := fmt.Sprintf("2026-11-22T%02d:%02d:%02dZ", i/3600%24, i/60%60, i%60)
		data, err := json.Marshal(map[string]any{
			"kind": "Event", "apiVersion": "v1",
			"metadata": map[string]any{
				"name": fmt.Sprintf("%s.%016x", name, uint64(hash)<<20), "namespace": "shop", "resourceVersion": fmt.Sprint(10_500 + i),
				"uid":               fmt.Sprintf("%08x-8a06-4f33-b4e8-%012x", hash, uint64(hash)<<8),
				"creationTimestamp": at,
				"managedFields":     []any{map[string]any{"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": at, "fieldsType": "FieldsV1"}},
			},
			"involvedObject": map[string]any{"kind": "Pod", "namespace": "shop", "name": name, "uid": fmt.Sprintf("%08x-4ef0-464e-bc9e-%012x", ^hash, i), "apiVersion": "v1"},
			"reason":         "Reason", "message": message, "type": "Normal", "count": 1 + i%9,
			"source":         map[string]any{"component": "kubelet", "host": "node-a"},
			"firstTimestamp": at, "lastTimestamp": at, "eventTime": nil, "reportingComponent": "kubelet", "reportingInstance": "node-a",
		})
		if err != nil {
			tb.Fatal(err)
		}
		events[i] = data
	}
	return events
}

func size(events [][]byte) (n int64) {
	for _, e := range events {
		n += int64(len(e))
	}
	return n
}

// BenchmarkFloor is what any filter pays that decodes and encodes.
func BenchmarkFloor(b *testing.B) {
	events := typicalEvents(b)
	b.SetBytes(size(events))
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range events {
			var v any
			if err := json.Unmarshal(e, &v); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkJSON redacts the same events, each time with nothing remembered.
func BenchmarkJSON(b *testing.B) {
	events := typicalEvents(b)
	b.SetBytes(size(events))
	b.ReportAllocs()
	for b.Loop() {
		r := newRedactor(b)
		for _, e := range events {
			if _, counts, err := r.JSON(e); err != nil || len(counts) > 0 {
				b.Fatal(string(e), counts, err)
			}
		}
	}
}

// BenchmarkLoad compiles the rules, which happens once per process.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, _, err := gitleaksRules(); err != nil {
			b.Fatal(err)
		}
	}
}
