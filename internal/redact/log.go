package redact

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/debrief-sre/debrief/internal/printable"
)

// Handler hands records on to next without secrets and without what would
// control a terminal: in the message, in the names and values of attributes and
// groups, and in what errors and other values print as.
func Handler(next slog.Handler, r *Redactor) slog.Handler { return handler{next, r} }

type handler struct {
	next     slog.Handler
	redactor *Redactor
}

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, h.text(record.Message), record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.next.WithAttrs(h.attrs(attrs)), h.redactor}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.next.WithGroup(h.text(name)), h.redactor}
}

func (h handler) attrs(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return clean
}

// attr judges a value together with its name: that of "token" is a secret
// whatever it looks like.
func (h handler) attr(a slog.Attr) slog.Attr {
	name, value := h.text(a.Key), a.Value.Resolve()
	switch value.Kind() {
	case slog.KindGroup:
		return slog.Attr{Key: name, Value: slog.GroupValue(h.attrs(value.Group())...)}
	case slog.KindString:
		return slog.String(name, h.field(a.Key, value.String()))
	case slog.KindAny:
		return slog.Any(name, h.any(a.Key, value.Any()))
	default: // numbers and times
		return slog.Attr{Key: name, Value: value}
	}
}

// any gives what a value prints as, or its JSON form if it is a structure.
func (h handler) any(name string, value any) any {
	switch value := value.(type) {
	case nil:
		return nil
	case error, fmt.Stringer:
		return h.field(name, fmt.Sprint(value)) // which survives a nil pointer
	case encoding.TextMarshaler:
		if text, err := value.MarshalText(); err == nil {
			return h.field(name, string(text))
		}
	case []byte:
		return h.field(name, string(value))
	}
	data, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		return h.field(name, fmt.Sprintf("%+v", value))
	}
	clean, _ := h.redactor.document(data, 0)
	var structure map[string]any
	decoder := json.NewDecoder(bytes.NewReader(clean))
	decoder.UseNumber() // an id may have more digits than a float64
	if err := decoder.Decode(&structure); err != nil {
		return marker(ruleUnsettled)
	}
	for _, inner := range structure {
		return printed(inner)
	}
	return nil
}

// printed is a decoded JSON value with nothing in it that controls a terminal.
func printed(value any) any {
	switch value := value.(type) {
	case string:
		return printable.Text(value)
	case []any:
		for i := range value {
			value[i] = printed(value[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(value))
		for name, member := range value {
			clean[printable.Text(name)] = printed(member)
		}
		return clean
	}
	return value
}

func (h handler) field(name, value string) string {
	clean, _ := h.redactor.field(value, h.redactor.key(name, 0), 0)
	return printable.Text(clean)
}

func (h handler) text(s string) string {
	clean, _ := h.redactor.String(s)
	return printable.Text(clean)
}
