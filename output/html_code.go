package output

import (
	"html"
	"slices"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

// coloured are the languages of the code in documents.
var coloured = []string{"promql", "yaml"}

// highlighted is code as HTML, with classes by what its parts are. Chroma is
// used for its lexers alone: goldmark-highlighting has had no release since
// 2023, and chroma's own writer wraps each line for line numbers.
func highlighted(language, code string) string {
	if !slices.Contains(coloured, language) {
		return html.EscapeString(code)
	}
	tokens, err := chroma.Coalesce(lexers.Get(language)).Tokenise(nil, code)
	if err != nil {
		return html.EscapeString(code)
	}
	var out strings.Builder
	for _, token := range tokens.Tokens() {
		text := html.EscapeString(token.Value)
		if class := classOf(token.Type); class != "" {
			text = `<span class="` + class + `">` + text + "</span>"
		}
		out.WriteString(text)
	}
	return out.String()
}

// classOf is the class of a kind of token in page.css: few are enough to read
// a query by.
func classOf(t chroma.TokenType) string {
	switch {
	case t.InCategory(chroma.Comment):
		return "code-comment"
	case t.InSubCategory(chroma.LiteralString):
		return "code-string"
	case t.InCategory(chroma.Literal):
		return "code-number"
	case t.InCategory(chroma.Keyword), t.InSubCategory(chroma.NameFunction), t == chroma.NameTag, t == chroma.NameBuiltin:
		return "code-word"
	case t.InCategory(chroma.Operator):
		return "code-operator"
	default:
		return ""
	}
}
