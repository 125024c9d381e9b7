package notify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/debrief-sre/debrief/internal/hostile"
	"github.com/debrief-sre/debrief/output/notify"
)

var update = flag.Bool("update", false, "write the golden files")

// message is one of every kind of part.
func message() notify.Message {
	aborted := time.Date(2026, 11, 22, 19, 55, 8, 0, time.UTC)
	return notify.Message{
		Title:   "Canary Rollout of checkout (Revision 2) Aborted after Failed Analysis",
		URL:     "https://git.example.com/sre/postmortems/pulls/7?a=1&b=2",
		Summary: "The postmortem of revision 2 of shop/checkout is ready for review.",
		Service: "shop/checkout", Revision: 2, Status: "resolved", Aborted: &aborted,
		Facts: []notify.Fact{{"Service", "shop/checkout"}, {"Error budget", "0.247 % of checkout-availability consumed"}},
	}
}

// bodyOf is what a webhook sends.
func bodyOf(t *testing.T, format, template string, m notify.Message) string {
	t.Helper()
	var body string
	synctest.Test(t, func(t *testing.T) {
		r := receive(t, 0, answer(http.StatusOK, ""))
		w := hook(r)
		w.Format, w.Template = format, template
		if err := w.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		body = r.requests()[0].body
	})
	return body
}

// own is a template of a user's own.
const own = `{"content": "**{{ .Title }}**\n{{ .URL }}{{ range .Facts }}\n{{ .Name | upper }}: {{ .Value }}{{ end }}", "embeds": [{"title": "{{ trunc 10 .Summary }}", "color": 15158332}], "allowed_mentions": {"parse": []}}`

func TestBodies(t *testing.T) {
	tests := []struct{ name, format, template string }{
		{"slack", "slack", ""},
		{"teams", "teams", ""},
		{"json", "json", ""},
		{"template", "template", own},
		{"slack-summary", "slack", "{{ .Service }}: {{ (index .Facts 1).Value }}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := json.Indent(&got, []byte(bodyOf(t, test.format, test.template, message())), "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			golden := filepath.Join("testdata", test.name+".json")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("the body is\n%s\nwant\n%s", &got, want)
			}
		})
	}
}

func TestFormatsAreDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/notify.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range notify.Formats {
		if f.Doc == "" || !strings.Contains(string(docs), "| `"+f.Name+"` |") {
			t.Errorf("docs/notify.md does not tell of the format %s", f.Name)
		}
	}
}

// payloads are the texts that the whole project is tested with, and those that
// chats alone would fall for.
func payloads(t *testing.T) []string {
	t.Helper()
	known, err := hostile.Read("../../testdata/hostile/payloads.json")
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{
		"<!channel>", "<!here|here>", "<!everyone>", "<@U12345678>", "<#C12345678>", "<!subteam^S12345678>", "<!date^1392734382^{date}^https://hostile.example|x>",
		"<https://hostile.example|Open the postmortem>", "@here @channel @everyone", "<at>Ada</at>", "[click](https://hostile.example)", "![x](https://hostile.example/x.png)",
		"https://hostile.example/", "www.hostile.example", "WWW.hostile.example", "mailto:a@hostile.example", "{{DATE(2017-02-14T06:08:39Z, SHORT)}}", "${title}", "@{triggerBody()}",
		`","text":"<!channel>`, "*bold* _it_ ~no~ `code` ```", ":rotating_light:", "&lt;!channel&gt;", "{{ .URL }}", "\u202eevil", "line\nbreak\r\n\x00", strings.Repeat("&", 5000), strings.Repeat("😀@", 3000),
	}
	for _, p := range known {
		texts = append(texts, p.Text)
	}
	return texts
}

// active are what a chat would act on, wherever it stands in a text. The body
// holds our own link and nothing else of the kind.
var active = regexp.MustCompile(`<[!@#a-zA-Z]|[@#][A-Za-z0-9]|[a-z]://|(?i:www)\.|\]\(|\{\{|mailto:|[\x00-\x08\x0b-\x1f\x7f\x{202a}-\x{202e}]`)

func TestHostileTextMeansNothing(t *testing.T) {
	for _, text := range payloads(t) {
		m := notify.Message{
			Title: text, Summary: text, Service: text, Status: text, URL: "https://git.example.com/pulls/7",
			Facts: []notify.Fact{{text, text}},
		}
		for _, format := range []struct{ name, template string }{{"slack", ""}, {"teams", ""}, {"template", own}, {"slack", "{{ .Title }}"}} {
			body := bodyOf(t, format.name, format.template, m)
			var v any
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Fatalf("%s: %q gives no JSON: %v", format.name, text, err)
			}
			if len(body) > 28_000 {
				t.Errorf("%s: %.20q gives %d bytes", format.name, text, len(body))
			}
			everyText(v, "", func(path, s string) {
				if path == "/attachments/content/$schema" {
					return
				}
				s = strings.ReplaceAll(strings.ReplaceAll(s, m.URL, ""), "<|Open the postmortem>", "")
				if found := active.FindString(s); found != "" {
					t.Errorf("%s: %q at %s has %q", format.name, s, path, found)
				}
			})
			checkForm(t, format.name, v.(map[string]any))
		}
	}
}

// everyText visits the strings of a JSON value.
func everyText(v any, path string, visit func(path, s string)) {
	switch v := v.(type) {
	case string:
		visit(path, v)
	case []any:
		for _, below := range v {
			everyText(below, path, visit)
		}
	case map[string]any:
		for key, below := range v {
			everyText(below, path+"/"+key, visit)
		}
	}
}

// checkForm holds a body against what the services document.
func checkForm(t *testing.T, format string, body map[string]any) {
	t.Helper()
	switch format {
	case "slack":
		blocks := body["blocks"].([]any)
		if len(blocks) > 50 || body["text"] == "" {
			t.Errorf("%d blocks and the text %q", len(blocks), body["text"])
		}
		for _, b := range blocks {
			checkSlackBlock(t, b.(map[string]any))
		}
	case "teams":
		attachments := body["attachments"].([]any)
		card := attachments[0].(map[string]any)["content"].(map[string]any)
		if len(attachments) != 1 || card["type"] != "AdaptiveCard" || card["version"] != "1.4" {
			t.Errorf("the card is %v", card)
		}
		for _, b := range card["body"].([]any) {
			if kind := b.(map[string]any)["type"]; kind != "RichTextBlock" {
				t.Errorf("collected text in a %v, whose Markdown Teams would carry out", kind)
			}
		}
	}
}

func checkSlackBlock(t *testing.T, block map[string]any) {
	t.Helper()
	limits := map[string]int{"header": 150, "section": 3000, "field": 2000}
	check := func(v any, limit int) {
		text := v.(map[string]any)
		s := text["text"].(string)
		if n := len(utf16.Encode([]rune(s))); n < 1 || n > limit {
			t.Errorf("a text of %d units, of at most %d", n, limit)
		}
		if text["type"] != "plain_text" && s != "<https://git.example.com/pulls/7|Open the postmortem>" {
			t.Errorf("formatted text: %v", text)
		}
	}
	if text, ok := block["text"]; ok {
		check(text, limits[block["type"].(string)])
	}
	fields, _ := block["fields"].([]any)
	if len(fields) > 10 {
		t.Errorf("%d fields", len(fields))
	}
	for _, f := range fields {
		check(f, limits["field"])
	}
}

// A receiver of JSON gets the text as it is, but for control characters.
func TestJSONHoldsTheTextAsItIs(t *testing.T) {
	m := message()
	m.Title = "<!channel> & \u202e\"quoted\""
	var got struct{ Title string }
	if err := json.Unmarshal([]byte(bodyOf(t, "json", "", m)), &got); err != nil || got.Title != "<!channel> & \ufffd\"quoted\"" {
		t.Errorf("the title is %q, %v", got.Title, err)
	}
}
