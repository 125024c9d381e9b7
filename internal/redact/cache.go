package redact

import "sync"

// The bounds of what is remembered: the strings of Kubernetes objects repeat,
// but bundles are large.
const (
	cleanEntries = 8192 // in each of two generations
	cleanLength  = 1024
	keyEntries   = 4096
)

// cleanSet remembers texts that hold no secret. Those that do are rare, and not
// to be kept. It forgets the older half when full.
type cleanSet struct {
	mu            sync.Mutex
	recent, older map[cleanText]struct{}
}

// cleanText is a text and, if that matters to the rules, the key of its field.
type cleanText struct{ key, text string }

func newCleanSet() *cleanSet { return &cleanSet{recent: map[cleanText]struct{}{}} }

func (c *cleanSet) has(s string, key *keyInfo) bool {
	if len(s) > cleanLength {
		return false
	}
	entry := cleanText{key.context(), s}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.recent[entry]; ok {
		return true
	}
	if _, ok := c.older[entry]; ok {
		c.put(entry)
		return true
	}
	return false
}

func (c *cleanSet) add(s string, key *keyInfo) {
	if len(s) > cleanLength {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(cleanText{key.context(), s})
}

func (c *cleanSet) put(entry cleanText) {
	if len(c.recent) >= cleanEntries {
		c.older, c.recent = c.recent, make(map[cleanText]struct{}, cleanEntries)
	}
	c.recent[entry] = struct{}{}
}

// keyInfo is what is known of the name of a field.
type keyInfo struct {
	redacted string // the name, without secrets
	counts   Counts // what was redacted in it
	text     string // the name without markers, by which it is judged
	class    class
	hot      bool // a rule of gitleaks may want to see it before the value
	image    bool // the value is a container image
}

// context is the name if the rules' answer depends on it.
func (k *keyInfo) context() string {
	if k == nil || !k.hot && !k.image {
		return ""
	}
	return k.text
}

// keyCache remembers what is known of names without secrets.
type keyCache struct {
	mu   sync.Mutex
	keys map[string]*keyInfo
}

func newKeyCache() *keyCache { return &keyCache{keys: map[string]*keyInfo{}} }

// key judges the name of a field.
func (r *Redactor) key(name string, depth int) *keyInfo {
	c := r.memory.Load().keys
	c.mu.Lock()
	info := c.keys[name]
	c.mu.Unlock()
	if info != nil {
		return info
	}
	info = &keyInfo{redacted: name}
	info.redacted, info.counts = r.text(name, nil, depth)
	info.text = withoutMarkers(info.redacted)
	info.class = classify(info.text)
	info.hot = r.rules.hot(info.text)
	info.image = info.text == "image" || info.text == "imageID"
	if len(info.counts) > 0 || len(name) > cleanLength {
		return info
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= keyEntries {
		clear(c.keys)
	}
	c.keys[name] = info
	return info
}
