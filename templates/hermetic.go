package templates

import (
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

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
