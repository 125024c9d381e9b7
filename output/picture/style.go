package picture

import (
	"regexp"
	"strings"
)

// CSS is the style of inline pictures, for a page's own style sheet. The
// classes, all within svg.pic:
//
//	pic-a, -b, -c  the indicators, from the top panel down
//	pic-limit      the line that an indicator is held against
//	pic-weight     the new version's share of traffic
//	pic-bite       the incident's part of the budget; -spent, -left, -whole: the rest of it
//	pic-axis, -grid, -muted, -tick, -halo  axes, grid lines, secondary text, labels of ticks, text over lines
//	pic-mark       a key moment; in it -dot and -number, -row, -title
//	pic-wide, pic-small  texts for wide and for narrow pages
//
// The colours are Okabe and Ito's, made darker or lighter where they would not
// stand out against the page: a test holds them to WCAG's contrasts.
const CSS = "" +
	".pic {\n" + lightColours + "}\n" +
	"@media (prefers-color-scheme: dark) {\n.pic {\n" + darkColours + "}\n}\n" +
	rules + colourRules + narrowRules

const lightColours = `  --pic-paper: #ffffff;
  --pic-ink: #1f2328;
  --pic-muted: #59636e;
  --pic-axis: #6e7781;
  --pic-grid: #e4e8ec;
  --pic-a: #0072b2;
  --pic-b: #008060;
  --pic-c: #7a5195;
  --pic-limit: #c44601;
  --pic-weight: #a8447c;
  --pic-bite: #c44601;
  --pic-spent: #6e7781;
  --pic-left: #0072b2;
`

const darkColours = `  --pic-paper: #0d1117;
  --pic-ink: #e6edf3;
  --pic-muted: #9198a1;
  --pic-axis: #8b949e;
  --pic-grid: #262c36;
  --pic-a: #56b4e9;
  --pic-b: #2fbf94;
  --pic-c: #c5a3e0;
  --pic-limit: #f0843a;
  --pic-weight: #de8fb8;
  --pic-bite: #f0843a;
  --pic-spent: #8b949e;
  --pic-left: #56b4e9;
`

const rules = `.pic {
  display: block;
  width: 100%;
  max-width: 50rem;
  height: auto;
  margin: 1rem 0;
  font-size: 11.5px;
}
.pic .pic-small { display: none; }
.pic .pic-strong { font-weight: 600; }
.pic .pic-number { font-size: 10px; font-weight: 600; }
.pic .pic-value { font-weight: 600; }
.pic .pic-halo { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round; }
.pic a { color: inherit; outline: none; }
.pic a .pic-title { text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 2px; }
.pic a:hover .pic-line, .pic a:focus-visible .pic-line, .pic :target .pic-line { stroke-width: 2px; }
.pic a:hover .pic-title, .pic :target .pic-title { text-decoration-thickness: 2px; }
`

// colourRules are all those that say a colour.
const colourRules = `.pic { color: var(--pic-ink); }
.pic .pic-ground { fill: var(--pic-paper); }
.pic .pic-halo { stroke: var(--pic-paper); }
.pic .pic-number { color: var(--pic-paper); }
.pic .pic-dot { color: var(--pic-ink); }
.pic .pic-row { stroke: transparent; }
.pic a:focus-visible .pic-row { stroke: var(--pic-ink); stroke-width: 1.5px; }
.pic .pic-muted { color: var(--pic-muted); }
.pic .pic-axis, .pic .pic-line { color: var(--pic-axis); }
.pic .pic-grid { color: var(--pic-grid); }
.pic .pic-a { color: var(--pic-a); }
.pic .pic-b { color: var(--pic-b); }
.pic .pic-c { color: var(--pic-c); }
.pic .pic-limit { color: var(--pic-limit); }
.pic .pic-weight { color: var(--pic-weight); }
.pic .pic-bite { color: var(--pic-bite); }
.pic .pic-spent { color: var(--pic-spent); }
.pic .pic-left { color: var(--pic-left); }
.pic .pic-whole { color: var(--pic-ink); }
`

// narrowRules set the text larger where the whole picture is small: the layout
// has room for it. In a file of its own "width" is that of the image.
const narrowRules = `@media (max-width: 600px) {
.pic { font-size: 20px; }
.pic .pic-number { font-size: 14px; }
.pic .pic-tick { font-size: 17.5px; }
.pic .pic-value { font-size: 18px; font-weight: 400; }
.pic .pic-dot { r: 12px; }
.pic .pic-wide { display: none; }
.pic .pic-small { display: inline; }
}
`

// standaloneCSS is the style of pictures in files. It has no custom
// properties, which viewers other than browsers do not know.
var standaloneCSS = "\n" + rules + resolved(lightColours) +
	"@media (prefers-color-scheme: dark) {\n" + resolved(darkColours) + "}\n" +
	narrowRules + ".pic { margin: 0; max-width: 100%; }\n"

var definition = regexp.MustCompile(`(--pic-[a-z]+): (#[0-9a-f]{6});`)

func colours(definitions string) map[string]string {
	values := map[string]string{}
	for _, match := range definition.FindAllStringSubmatch(definitions, -1) {
		values[match[1]] = match[2]
	}
	return values
}

// resolved are the rules for colours with the colours themselves.
func resolved(definitions string) string {
	out := colourRules
	for name, value := range colours(definitions) {
		out = strings.ReplaceAll(out, "var("+name+")", value)
	}
	return out
}
