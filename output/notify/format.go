package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// SchemaVersion is that of the format json. Fields may be added within a
// version; none changes its meaning or goes.
const SchemaVersion = 1

// Format is a form of a webhook's body.
type Format struct {
	Name, Doc string

	body func(Message) any
}

// Formats are all forms that debrief knows itself. The format template is the
// user's own, see [Webhook].
var Formats = []Format{
	{"slack", "Block Kit, for Slack's incoming webhooks", slack},
	{"teams", "an Adaptive Card, for Teams' Workflows: \"When a Teams webhook request is received\"", teams},
	{"json", "every field, for programs; docs/notify.md describes it", generic},
}

// templateFormat is the format whose body is the user's.
const templateFormat = "template"

// formatNames are the names of all formats.
func formatNames() string {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return strings.Join(append(names, templateFormat), ", ")
}

func formatOf(name string) (Format, error) {
	if i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name }); i >= 0 {
		return Formats[i], nil
	}
	return Format{}, fmt.Errorf("%q is no format: use one of %s", name, formatNames())
}

// object is a JSON object.
type object map[string]any

// generic is the format json. Its text is free of control characters and else
// as it was collected: whoever shows it has to escape it.
func generic(m Message) any {
	return struct {
		SchemaVersion int    `json:"schemaVersion"`
		Kind          string `json:"kind"`
		Message
	}{SchemaVersion, "postmortem", m}
}

// Slack's limits, in UTF-16 code units.
const (
	slackHeader  = 150
	slackSection = 3000
	slackField   = 2000
)

// slack puts collected text in plain_text objects only, whose text Slack does
// not format. The link is not a button: a click on one is sent to the app,
// which for an incoming webhook nobody answers.
func slack(m Message) any {
	plain := func(s string, most int) object {
		return object{"type": "plain_text", "text": fit(s, most, slackText), "emoji": false}
	}
	blocks := []object{{"type": "header", "text": plain(m.Title, slackHeader)}}
	if m.Summary != "" {
		blocks = append(blocks, object{"type": "section", "text": plain(m.Summary, slackSection)})
	}
	if len(m.Facts) > 0 {
		var fields []object
		for _, f := range m.Facts {
			fields = append(fields, plain(f.Name+"\n"+f.Value, slackField))
		}
		blocks = append(blocks, object{"type": "section", "fields": fields})
	}
	link := "<" + strings.ReplaceAll(slackEscapes.Replace(m.URL), "|", "%7C") + "|Open the postmortem>"
	blocks = append(blocks, object{"type": "section", "text": object{"type": "mrkdwn", "text": link, "verbatim": true}})
	return object{
		"text":         fit(m.Title, slackSection, slackText), // for notifications and old clients
		"blocks":       blocks,
		"unfurl_links": false,
		"unfurl_media": false,
	}
}

// teams puts collected text in text runs only, in which there is no Markdown.
func teams(m Message) any {
	line := func(runs ...object) object { return object{"type": "RichTextBlock", "inlines": runs} }
	run := func(s string) object { return object{"type": "TextRun", "text": soften(s)} }
	title := run(m.Title)
	title["size"], title["weight"] = "large", "bolder"
	body := []object{line(title)}
	if m.Summary != "" {
		body = append(body, line(run(m.Summary)))
	}
	for _, f := range m.Facts {
		name := run(f.Name + ": ")
		name["weight"] = "bolder"
		body = append(body, line(name, run(f.Value)))
	}
	return object{
		"type": "message",
		"attachments": []object{{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"contentUrl":  nil,
			"content": object{
				"$schema":      "http://adaptivecards.io/schemas/adaptive-card.json",
				"type":         "AdaptiveCard",
				"version":      "1.4",
				"fallbackText": "A postmortem is ready for review.",
				"body":         body,
				"actions":      []object{{"type": "Action.OpenUrl", "title": "Open the postmortem", "url": m.URL}},
			},
		}},
	}
}

// encode writes JSON without the escapes that only HTML needs.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding the message: %w", err)
	}
	return out.Bytes(), nil
}
