package printable_test

import (
	"testing"

	"github.com/debrief-sre/debrief/internal/printable"
)

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "a b\tc\nd", "a b\tc\nd"},
		{"line breaks of Windows", "a\r\nb", "a\nb"},
		{"a carriage return that would hide what precedes it", "secret\rharmless", "secret\ufffdharmless"},
		{"NUL", "a\x00b", "a\ufffdb"},
		{"terminal escapes", "\x1b[31mred", "\ufffd[31mred"},
		{"C1 controls", "\u009b31m", "\ufffd31m"},
		{"invalid UTF-8", "a\xff\xfeb", "a\ufffdb"},
		{"bidirectional controls", "\u202ea\u2066b\u200f", "\ufffda\ufffdb\ufffd"},
		{"line separators", "a\u2028b\u2029c", "a\ufffdb\ufffdc"},
		{"byte order mark", "\ufeffa", "\ufffda"},
	}
	for _, tt := range tests {
		if got := printable.Text(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestLine(t *testing.T) {
	if got, want := printable.Line(" a\tb\r\n\n c\u202e "), "a b c\ufffd"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
