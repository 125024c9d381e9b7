package index

import (
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // names, not secrets: RFC 9562 asks for it
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/debrief-sre/debrief/internal/printable"
)

const (
	feedName    = "feed.atom"
	feedEntries = 100 // the newest
)

// The feed is Atom (RFC 4287). encoding/xml alone writes it: it knows several
// links and categories an entry, and never asks the clock.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

// feedOf writes the newest incidents. An entry's id is made of its slug, so that
// it stays when the folder moves.
func feedOf(c Collection, flavor Flavor, base *url.URL, o Options) ([]byte, error) {
	at := func(reference string) string {
		u := &url.URL{Path: reference}
		if base != nil {
			return base.ResolveReference(&url.URL{Path: "./" + reference}).String()
		}
		return u.String()
	}
	title := printable.Line(o.Title)
	feed := atomFeed{
		ID: urn("feed", cmp.Or(o.Link, title)), Title: title, Author: "debrief", Updated: stamp(c.updated()),
		Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: at(feedName)}},
	}
	if base != nil {
		feed.Links = append(feed.Links, atomLink{Rel: "alternate", Href: base.String()})
	}
	shared := slugs(c.Incidents)
	for _, i := range c.Incidents[:min(len(c.Incidents), feedEntries)] {
		id := i.Slug
		if shared[i.Slug] > 1 {
			id = i.Path
		}
		e := atomEntry{
			ID: urn("postmortem", id), Title: i.Title, Published: stamp(i.Date), Updated: stamp(i.Updated),
			Links: []atomLink{{Rel: "alternate", Href: at(flavor.served(i))}}, Summary: summary(i),
		}
		for _, service := range i.Services {
			e.Categories = append(e.Categories, atomCategory{service})
		}
		feed.Entries = append(feed.Entries, e)
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	enc := xml.NewEncoder(&out)
	enc.Indent("", "  ")
	if err := enc.Encode(feed); err != nil {
		return nil, fmt.Errorf("encoding the feed: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// summary tells an incident in a line of plain text.
func summary(i Incident) string {
	one := groupOf("", []Incident{i})
	parts := []string{
		"Services: " + cmp.Or(strings.Join(i.Services, ", "), unknown), "cause: " + causeWords(i.Cause),
		"error budget consumed: " + budgets(one.Budgets, true, consumed), "requests saved: " + figure(i.RequestsSaved, count),
		"TTR: " + figure(i.TTR, seconds), "status: " + cmp.Or(i.Status, unknown),
	}
	return strings.Join(parts, "; ") + "."
}

// stamp is a time as Atom has it. A feed without entries has to have one, too.
func stamp(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}

// urn is a UUID by name (RFC 9562, version 5), in a name space of our own.
func urn(kind, name string) string {
	sum := sha1.Sum([]byte("https://github.com/debrief-sre/debrief/" + kind + "/" + name)) //nolint:gosec // see above
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// slugs counts how many documents call themselves by each slug.
func slugs(list []Incident) map[string]int {
	count := map[string]int{}
	for _, i := range list {
		count[i.Slug]++
	}
	return count
}
