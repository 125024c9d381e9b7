package lint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word, a number, a mark or something opaque.
type token struct {
	word   string // in lower case; a mark is itself; opaque is opaque
	raw    string
	start  int // source offsets
	end    int
	number bool
	glued  bool // joined to the token before: on-call is on and a glued call
}

// sentence is what grammar is judged in.
type sentence struct {
	*passage
	tokens []token
}

// word is the i-th token's word, empty beyond the ends, so that rules can look
// around themselves freely.
func (s sentence) word(i int) string {
	if i < 0 || i >= len(s.tokens) {
		return ""
	}
	return s.tokens[i].word
}

// has tells whether words stand at i, one after the other.
func (s sentence) has(i int, words ...string) bool {
	for n, w := range words {
		if s.word(i+n) != w {
			return false
		}
	}
	return true
}

// isWord tells whether the i-th token is a word, not a mark or a number.
func (s sentence) isWord(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.word(i))
	return unicode.IsLetter(r)
}

// text is the sentence's tokens from i to j, for messages.
func (s sentence) text(i, j int) string {
	var b strings.Builder
	for n, t := range s.tokens[i:j] {
		if n > 0 && t.start > s.tokens[i+n-1].end {
			b.WriteByte(' ')
		}
		if t.glued {
			b.WriteByte('-')
		}
		b.WriteString(strings.ReplaceAll(t.raw, opaque, "…"))
	}
	return strings.ReplaceAll(b.String(), " -", "-")
}

// split cuts a passage's prose into sentences. Quotations in double quotes
// become opaque on the way: they are somebody else's words, or a term that the
// author keeps at a distance.
func split(p *passage) []sentence {
	tokens := tokenize(p)
	var list []sentence
	from := 0
	for i, t := range tokens {
		next := i + 1
		if !endsSentence(tokens, i) && next < len(tokens) {
			continue
		}
		if t.word != "\n" || next > from+1 {
			list = append(list, sentence{passage: p, tokens: tokens[from:next:next]})
		}
		from = next
	}
	return list
}

func endsSentence(tokens []token, i int) bool {
	t := tokens[i]
	switch t.word {
	case "\n":
		return true
	case ".", "!", "?":
		if i+1 >= len(tokens) {
			return true
		}
		next := tokens[i+1]
		if next.start == t.end || next.word == "." || next.word == "!" || next.word == "?" {
			return false
		}
		return i == 0 || !abbreviations[tokens[i-1].word]
	}
	return false
}

var abbreviations = set("e.g i.e etc vs approx no mr ms mrs dr cf ca st fig")

func tokenize(p *passage) []token {
	s := string(p.prose)
	hideQuotes := quotations(s)
	var tokens []token
	add := func(i, j int, word string) {
		t := token{word: word, raw: s[i:j], start: p.at[i], end: p.at[j-1] + 1}
		t.number = word != "" && word[0] >= '0' && word[0] <= '9'
		t.glued = i > 0 && s[i-1] == '-' && len(tokens) > 0 && tokens[len(tokens)-1].end == p.at[i-1]
		tokens = append(tokens, t)
	}
	for i := 0; i < len(s); {
		if j, ok := hideQuotes[i]; ok {
			add(i, j, opaque)
			i = j
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			add(i, i+1, "\n")
		case unicode.IsSpace(r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			j := wordEnd(s, i)
			addWord(s, i, j, add)
			i = j
			continue
		case r == '-' && i > 0 && wordBefore(s, i) && i+1 < len(s) && wordAt(s, i+1):
			// the hyphen of a compound is a property of its second part
		default:
			add(i, i+size, s[i:i+size])
		}
		i += size
	}
	return tokens
}

func wordAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func wordBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// wordEnd finds where a word ends that begins at i. Marks inside a word belong
// to it: don't, nginx.conf, 14:32, 99.9, either/or is three.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), r == '_':
		case strings.ContainsRune(".:,'’", r) && i+size < len(s) && wordAt(s, i+size):
			if r == ':' || r == ',' {
				next, _ := utf8.DecodeRuneInString(s[i+size:])
				if !unicode.IsDigit(next) || !unicode.IsDigit(rune(s[i-1])) {
					return i
				}
			}
		default:
			return i
		}
		i += size
	}
	return i
}

// addWord adds a word, its contractions taken apart: shouldn't is should and
// not, engineer's is engineer and 's.
func addWord(s string, i, j int, add func(i, j int, word string)) {
	word := strings.ReplaceAll(strings.ToLower(s[i:j]), "’", "'")
	length := func(suffix string) int {
		if strings.Contains(s[i:j], "’") {
			return len(strings.ReplaceAll(suffix, "'", "’"))
		}
		return len(suffix)
	}
	// Lower case can have another length; such a word has no English ending.
	if len(word) == len(strings.ReplaceAll(s[i:j], "’", "'")) {
		for suffix, means := range contractions {
			base, ok := strings.CutSuffix(word, suffix)
			cut := j - length(suffix)
			if !ok || base == "" || cut <= i {
				continue
			}
			if full := irregular[word]; full != "" {
				base = full
			}
			add(i, cut, base)
			add(cut, j, means)
			return
		}
	}
	add(i, j, word)
}

var contractions = map[string]string{
	"n't": "not", "'ve": "have", "'d": "'d", "'s": "'s", "'re": "are", "'ll": "will", "'m": "am",
}

var irregular = map[string]string{"can't": "can", "won't": "will", "shan't": "shall"}

// quotations finds the spans in double quotes: start to end. A quotation that
// is never closed is none.
func quotations(s string) map[int]int {
	spans := map[int]int{}
	unclosed := map[string]bool{} // looking once is enough
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		closing := ""
		switch {
		case r == '“':
			closing = "”"
		case r == '«':
			closing = "»"
		case r == '"' && !wordBefore(s, i) && i+1 < len(s) && s[i+1] != ' ':
			closing = `"`
		}
		if closing != "" && !unclosed[closing] {
			if n := strings.Index(s[i+size:], closing); n >= 0 {
				end := i + size + n + len(closing)
				spans[i] = end
				i = end
				continue
			}
			unclosed[closing] = true
		}
		i += size
	}
	return spans
}
