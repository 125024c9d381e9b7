// Package templates turns a report into Markdown. Templates are text/template
// files whose data is a [report.Report]; everything that a source collected
// must go through one of the escaping functions (text, code, cell, fence), as
// text/template escapes nothing by itself.
package templates

import (
	"embed"
	"fmt"
	"io"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"github.com/debrief-sre/debrief/report"
)

//go:embed default
var builtin embed.FS

// Default renders the built-in postmortem template.
func Default(w io.Writer, r report.Report) error {
	t, err := template.New("postmortem.md.tmpl").
		Option("missingkey=error").
		Funcs(hermetic()).
		Funcs(functions()).
		ParseFS(builtin, "default/*.tmpl")
	if err != nil {
		return fmt.Errorf("parsing template: %w", err)
	}
	if err := t.Execute(w, r); err != nil {
		return fmt.Errorf("rendering: %w", err)
	}
	return nil
}

// chancy are those of sprig's functions, beside the ones that it knows to be
// so, whose result depends on the clock, the local zone, chance or a map's order.
var chancy = []string{
	"ago", "toDate", "mustToDate",
	"randInt", "shuffle", "keys", "values",
	"bcrypt", "htpasswd", "encryptAES",
	"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
}

// hermetic are sprig's functions whose result depends on their arguments
// alone: none that reads the environment, the network, the clock or chance.
func hermetic() template.FuncMap {
	funcs := sprig.HermeticTxtFuncMap()
	for _, name := range chancy {
		delete(funcs, name)
	}
	return funcs
}
