package evidence_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/debrief-sre/debrief/evidence"
)

// FuzzRead wants an error or a bundle whose every entry can be read, and
// never a panic.
func FuzzRead(f *testing.F) {
	whole := sampleBundle(f)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Add(rezip(f, []file{{"manifest.json", `{"schemaVersion":1,"entries":[{"name":"a","size":1,"sha256":""}]}`}, {"a", "1"}}))
	f.Add(rezip(f, []file{{"manifest.json", `{"schemaVersion":1}`}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := evidence.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if b != nil {
				t.Error("an error and a bundle")
			}
			return
		}
		for _, e := range b.Manifest.Entries {
			if !b.Has(e.Name) {
				t.Errorf("%s is listed and missing", e.Name)
			}
			var n int64
			for line, err := range evidence.Lines[json.RawMessage](b, e.Name) {
				if err == nil {
					n += int64(len(line.Value))
				}
			}
			if n > e.Size {
				t.Errorf("%s: %d bytes of %d", e.Name, n, e.Size)
			}
		}
	})
}
