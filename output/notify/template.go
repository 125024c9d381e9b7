package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

// expand carries out a text/template, which has the message's fields and
// sprig's functions but for those that read the environment, the network, the
// clock or chance.
func expand(source string, m Message) (string, error) {
	t, err := template.New("template").Funcs(sprig.HermeticTxtFuncMap()).Option("missingkey=error").Parse(source)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	if err := t.Execute(&out, m); err != nil {
		return "", err
	}
	return out.String(), nil
}

// custom makes a body of the user's own: a JSON document each of whose strings
// is a template. As only strings are expanded, no text can change its form.
func custom(source string, m Message) ([]byte, error) {
	decoder := json.NewDecoder(strings.NewReader(source))
	decoder.UseNumber()
	var body any
	if err := decoder.Decode(&body); err != nil {
		return nil, fmt.Errorf("the template is no JSON, such as {\"text\": \"{{ .Title }} {{ .URL }}\"}: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the template has more after its JSON value")
	}
	body, err := expandAll(body, softened(m))
	if err != nil {
		return nil, err
	}
	return encode(body)
}

// expandAll expands the strings of a JSON value; keys stay.
func expandAll(v any, m Message) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		return expand(v, m)
	case []any:
		for i := range v {
			if v[i], err = expandAll(v[i], m); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = expandAll(v[key], m); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// softened gives a message whose text means nothing to a chat.
func softened(m Message) Message {
	m.Title, m.Summary, m.Service, m.Status = soften(m.Title), soften(m.Summary), soften(m.Service), soften(m.Status)
	facts := make([]Fact, 0, len(m.Facts))
	for _, f := range m.Facts {
		facts = append(facts, Fact{soften(f.Name), soften(f.Value)})
	}
	m.Facts = facts
	return m
}

// body is what a webhook sends.
func (w Webhook) body(m Message) ([]byte, error) {
	m, err := m.clean()
	if err != nil {
		return nil, err
	}
	if w.Format == templateFormat {
		body, err := custom(w.Template, m)
		return bytes.TrimSpace(body), err
	}
	format, err := formatOf(w.Format)
	if err != nil {
		return nil, err
	}
	if w.Template != "" {
		if m.Summary, err = expand(w.Template, m); err != nil {
			return nil, err
		}
		if m, err = m.clean(); err != nil {
			return nil, err
		}
	}
	body, err := encode(format.body(m))
	return bytes.TrimSpace(body), err
}
