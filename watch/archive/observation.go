package archive

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"
)

// Observation is one state of one object, as an API server delivered it.
// (Cluster, UID, ResourceVersion, Deleted) is its identity: it is stored once,
// as the first to write it had it.
type Observation struct {
	Cluster         string // as the configuration calls it
	Resource        string // plural, such as "events", "rollouts", "analysisruns", "experiments"
	Namespace, Name string
	UID             string
	ResourceVersion string
	Deleted         bool            // the last state, delivered with the deletion
	Of              string          // for an event: UID of the object that it is about; otherwise UID
	Observed        time.Time       // when it was delivered; kept in UTC, to the microsecond
	Object          json.RawMessage // the object, without managedFields
}

// Gap is a time of which the archive lacks observations, and why. Both ends are
// part of it.
type Gap struct {
	Cluster, Resource string
	From, To          time.Time // kept in UTC, to the microsecond
	Reason            string
}

// maxText bounds each text of an observation, in bytes. Kubernetes has no longer
// names; databases refuse longer keys.
const maxText = 512

// overhead is what an observation takes beside its texts, in bytes.
const overhead = 256

func (o *Observation) size() int {
	return overhead + len(o.Object) + len(o.Cluster) + len(o.Resource) + len(o.Namespace) + len(o.Name) +
		len(o.UID) + len(o.ResourceVersion) + len(o.Of)
}

// storable tells whether every database takes the observation. One that cannot
// be written must not keep those behind it from being written.
func (o *Observation) storable() bool {
	return o.UID != "" && o.ResourceVersion != "" &&
		storable(o.Cluster, o.Resource, o.Namespace, o.Name, o.UID, o.ResourceVersion, o.Of)
}

func storable(texts ...string) bool {
	for _, text := range texts {
		if len(text) > maxText || !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return false
		}
	}
	return true
}

// storableGap is the gap as every database can keep it.
func storableGap(g Gap) Gap {
	return Gap{short(g.Cluster), short(g.Resource), stamp(g.From), stamp(g.To), short(g.Reason)}
}

// plain is the text as every database can keep it: UTF-8 without zero bytes.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// short is a plain text of bounded length.
func short(text string) string {
	text = plain(text)
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// stamp is a time as both databases give it back.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
