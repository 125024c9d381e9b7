package output

import (
	"fmt"
	"strings"
)

// factsName is the block, invisible to readers, in which a document keeps the
// digest of the facts that it states.
const factsName = "facts"

func factsBlock(digest string) string {
	return fmt.Sprintf("<!-- debrief:begin %[1]s -->\n<!-- debrief:facts %[2]s -->\n<!-- debrief:end %[1]s -->\n", factsName, digest)
}

// Facts is the digest of the facts that a Markdown document states, see
// [report.Report.Digest]. It is empty for a document that does not hold one:
// people wrote it, or deleted the block.
func Facts(document []byte) string {
	body, _ := Block(document, factsName)
	digest, begins := strings.CutPrefix(strings.TrimSpace(body), "<!-- debrief:facts ")
	digest, ends := strings.CutSuffix(digest, " -->")
	if !begins || !ends {
		return ""
	}
	return digest
}
