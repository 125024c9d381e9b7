package output

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sealed makes a document whose blocks carry their sums.
func sealed(t testing.TB, text string) []byte {
	t.Helper()
	document, err := seal([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

const (
	fresh1 = "# Title\n\n<!-- debrief:begin a -->\none\n<!-- debrief:end a -->\n\nQuestion?\n\n<!-- debrief:begin b -->\ntwo\n<!-- debrief:end b -->\n"
	fresh2 = "# Other title\n\n<!-- debrief:begin a -->\nONE\nmore\n<!-- debrief:end a -->\n\nQuestion?\n\n<!-- debrief:begin b -->\ntwo\n<!-- debrief:end b -->\n\n<!-- debrief:begin c -->\nnew\n<!-- debrief:end c -->\n"
)

func TestUpdateKeepsWhatPeopleWrote(t *testing.T) {
	existing := bytes.Replace(sealed(t, fresh1), []byte("Question?"), []byte("An answer,   with  spaces\t\n\n* and a list"), 1)
	got, replaced, err := Update(existing, sealed(t, fresh2), false)
	if err != nil || len(replaced) > 0 {
		t.Fatalf("%v, replaced %v", err, replaced)
	}
	want := bytes.Replace(existing, []byte("one\n"), []byte("ONE\nmore\n"), 1)
	want = bytes.Replace(want, []byte(sumOf("one\n")), []byte(sumOf("ONE\nmore\n")), 1)
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	again, _, err := Update(got, sealed(t, fresh2), false)
	if err != nil || !bytes.Equal(again, got) {
		t.Errorf("a second run is no no-op: %v\n%s", err, again)
	}
}

func TestUpdateRefusesEditedBlocks(t *testing.T) {
	existing := bytes.Replace(sealed(t, fresh1), []byte("\none\n"), []byte("\none, I think\n"), 1)
	got, _, err := Update(existing, sealed(t, fresh2), false)
	var edited *EditedError
	if !errors.As(err, &edited) || len(edited.Blocks) != 1 || edited.Blocks[0] != "a" || got != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	if want := "these blocks were edited by hand: a (line 3)"; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error is %q", err)
	}
	forced, replaced, err := Update(existing, sealed(t, fresh2), true)
	if err != nil || len(replaced) != 1 || replaced[0].Body != "one, I think\n" || !bytes.Contains(forced, []byte("ONE\nmore\n")) {
		t.Errorf("forced: %v, %v\n%s", err, replaced, forced)
	}
}

func TestUpdateLeavesDeletedBlocksDeleted(t *testing.T) {
	whole := sealed(t, fresh1)
	at := bytes.Index(whole, []byte("<!-- debrief:begin b"))
	got, _, err := Update(whole[:at], sealed(t, fresh2), false)
	if err != nil || bytes.Contains(got, []byte("begin b")) || bytes.Contains(got, []byte("begin c")) {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestUpdateKeepsCRLF(t *testing.T) {
	existing := bytes.ReplaceAll(sealed(t, fresh1), []byte("\n"), []byte("\r\n"))
	got, _, err := Update(existing, sealed(t, fresh2), false)
	if err != nil {
		t.Fatal(err)
	}
	if bare := bytes.Count(got, []byte("\n")) - bytes.Count(got, []byte("\r\n")); bare != 0 {
		t.Errorf("%d bare line feeds in\n%q", bare, got)
	}
	if again, _, err := Update(got, sealed(t, fresh2), false); err != nil || !bytes.Equal(again, got) {
		t.Errorf("a second run is no no-op: %v", err)
	}
}

func TestParseBlocksErrors(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"missing end", "<!-- debrief:begin a -->\n", `line 1: block "a" has no end marker`},
		{"missing begin", "text\n<!-- debrief:end a sum=00 -->\n", `line 2: block "a" ends here but does not begin before`},
		{"reversed", "<!-- debrief:end a -->\n<!-- debrief:begin a -->\n", `line 1: block "a" ends here but does not begin before`},
		{"nested", "<!-- debrief:begin a -->\n<!-- debrief:begin b -->\n", `line 2: block "b" begins inside block "a", which has no end marker before it`},
		{"crossed", "<!-- debrief:begin a -->\n<!-- debrief:end b -->\n", `line 2: block "b" ends here but does not begin before`},
		{"twice", strings.Repeat("<!-- debrief:begin a -->\n<!-- debrief:end a -->\n", 2), `line 3: block "a" stands twice; the first begins in line 1`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := parseBlocks([]byte(tt.document)); err == nil || err.Error() != tt.want {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

func TestMarkersInCodeAreText(t *testing.T) {
	for _, fence := range []string{"```", "````", "~~~", "  ```"} {
		document := fmt.Sprintf("%s\n<!-- debrief:begin a -->\n%s\n", fence, strings.TrimSpace(fence))
		parts, err := parseBlocks([]byte(document))
		if err != nil || len(parts) != 1 || parts[0].name != "" {
			t.Errorf("%q: %v, %v", fence, parts, err)
		}
	}
}

// TestUpdatePreservesAnyEdit puts random text of people between, before and
// after the blocks, and checks that each survives byte for byte.
func TestUpdatePreservesAnyEdit(t *testing.T) {
	old, renewed := sealed(t, fresh1), sealed(t, fresh2)
	parts, err := parseBlocks(old)
	if err != nil {
		t.Fatal(err)
	}
	line := rapid.OneOf(
		rapid.StringMatching(`[^\n\r]{0,40}`),
		rapid.SampledFrom([]string{"", "| a | b |", "- [ ] item", "<!-- a comment -->", "<!-- debrief:prompt -->", "---", "> quote", "\t code", "ünïcödé 🙂"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		ending := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "ending")
		var document, theirs strings.Builder
		write := func() {
			for _, l := range rapid.SliceOfN(line, 0, 5).Draw(t, "lines") {
				if fenceMark.MatchString(l) || marker.MatchString(strings.TrimSpace(l)) {
					continue // changes what is a block: tested by itself
				}
				document.WriteString(l + ending)
				theirs.WriteString(l + ending)
			}
		}
		write()
		for _, p := range parts {
			if p.name != "" {
				document.WriteString(strings.ReplaceAll(p.begin+p.body+p.end, "\n", ending))
				write()
			}
		}
		got, _, err := Update([]byte(document.String()), renewed, false)
		if err != nil {
			t.Fatal(err)
		}
		after, err := parseBlocks(got)
		if err != nil {
			t.Fatal(err)
		}
		var kept strings.Builder
		for _, p := range after {
			if p.name == "" {
				kept.WriteString(p.body)
			}
		}
		if kept.String() != theirs.String() {
			t.Fatalf("people's text became\n%q\nfrom\n%q", kept.String(), theirs.String())
		}
	})
}

func FuzzUpdate(f *testing.F) {
	f.Add([]byte(fresh1))
	f.Add([]byte("<!-- debrief:begin a -->\n```\n<!-- debrief:end a sum=0 -->"))
	fresh := sealed(f, fresh2)
	f.Fuzz(func(t *testing.T, existing []byte) {
		got, _, err := Update(existing, fresh, true)
		if err != nil {
			return
		}
		again, replaced, err := Update(got, fresh, false)
		if err != nil || len(replaced) > 0 || !bytes.Equal(again, got) {
			t.Errorf("a second run is no no-op: %v\n%q\n%q", err, got, again)
		}
	})
}
