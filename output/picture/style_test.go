package picture

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// themes are the palettes with the page that each stands on: those of page.css.
var themes = []struct{ name, definitions, paper string }{
	{"light", lightColours, "#ffffff"},
	{"dark", darkColours, "#0d1117"},
}

// linear is a colour in linear light, as WCAG 2 defines it.
func linear(t *testing.T, hex string) [3]float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	var out [3]float64
	for i := range out {
		c := float64(n>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			out[i] = c / 12.92
		} else {
			out[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return out
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }
	x, y := luminance(linear(t, a)), luminance(linear(t, b))
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestContrast holds text to 4.5:1 and graphics to 3:1 (WCAG 2.2, 1.4.3 and
// 1.4.11). Grid lines are decoration: the ticks carry the figures.
func TestContrast(t *testing.T) {
	for _, theme := range themes {
		palette := colours(theme.definitions)
		if palette["--pic-paper"] != theme.paper {
			t.Errorf("%s: the paper is %s", theme.name, palette["--pic-paper"])
		}
		for name, colour := range palette {
			least := 3.0
			switch name {
			case "--pic-paper", "--pic-grid":
				continue
			case "--pic-ink", "--pic-muted", "--pic-limit":
				least = 4.5
			}
			if got := contrast(t, colour, theme.paper); got < least {
				t.Errorf("%s: %s %s has a contrast of %.2f, less than %.1f", theme.name, name, colour, got, least)
			}
		}
	}
	if got := contrast(t, "#000000", "#ffffff"); math.Abs(got-21) > 1e-9 {
		t.Errorf("black on white is %v", got)
	}
}

// deficiencies are the complete forms of colour blindness in linear light
// (Machado, Oliveira and Fernandes 2009).
var deficiencies = map[string][3][3]float64{
	"none":         {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// lab is a colour of linear light in CIE L*a*b*, in which distances are about
// those that people see.
func lab(c [3]float64) [3]float64 {
	f := func(v float64) float64 {
		v = max(v, 0)
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.9505)
	y := f(0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2])
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// TestColourBlindness: what stands in one panel or bar is told apart without
// full colour sight too, although dashes and labels already do that.
func TestColourBlindness(t *testing.T) {
	const clear = 20 // a just noticeable difference is 2.3
	for _, theme := range themes {
		palette := colours(theme.definitions)
		for _, pair := range [][2]string{{"a", "limit"}, {"b", "limit"}, {"c", "limit"}, {"bite", "left"}, {"bite", "spent"}} {
			for name, m := range deficiencies {
				var seen [2][3]float64
				for i, colour := range pair {
					c := linear(t, palette["--pic-"+colour])
					for row := range m {
						for k := range c {
							seen[i][row] += m[row][k] * c[k]
						}
					}
				}
				a, b := lab(seen[0]), lab(seen[1])
				if d := math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2]); d < clear {
					t.Errorf("%s, %s: %v differ by %.1f", theme.name, name, pair, d)
				}
			}
		}
	}
}

// TestStylesAgree: both themes define what the rules use, the file's style
// needs no custom property, and each class that is drawn has a rule or is
// there for page authors.
func TestStylesAgree(t *testing.T) {
	light, dark := colours(lightColours), colours(darkColours)
	if a, b := slices.Sorted(maps.Keys(light)), slices.Sorted(maps.Keys(dark)); !slices.Equal(a, b) {
		t.Errorf("light defines %v, dark %v", a, b)
	}
	for _, use := range regexp.MustCompile(`var\((--[a-z-]+)\)`).FindAllStringSubmatch(CSS, -1) {
		if light[use[1]] == "" {
			t.Errorf("%s is not defined", use[1])
		}
	}
	if strings.Contains(standaloneCSS, "--") {
		t.Error("a custom property in the style of files")
	}
	if strings.ContainsAny(CSS, "<&") || strings.Contains(CSS, "url(") {
		t.Error("the style does not fit in a page")
	}
	for _, braces := range []string{CSS, standaloneCSS} {
		if strings.Count(braces, "{") != strings.Count(braces, "}") {
			t.Error("braces do not match")
		}
	}
}
