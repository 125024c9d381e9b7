package gitea

import (
	"fmt"
	"path/filepath"
	"strings"
)

// settings is the server's app.ini. It listens on loopback only, asks nothing
// of the Internet, and has no part but git, pull requests and issues.
func (g *Gitea) settings(port int) string {
	static := filepath.Dir(g.command)
	return strings.TrimLeft(fmt.Sprintf(`
RUN_MODE = prod
; Gitea refuses root for the sake of servers that others can reach. Whoever
; runs this as root, in a container say, may.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %d
ROOT_URL = %s/
STATIC_ROOT_PATH = %s
OFFLINE_MODE = true
DISABLE_SSH = true

[database]
DB_TYPE = sqlite3
PATH = %s
SQLITE_JOURNAL_MODE = WAL

[repository]
ROOT = %s

[security]
INSTALL_LOCK = true
; Everybody's password is known: guessing it need not be slow.
PASSWORD_HASH_ALGO = pbkdf2$100$50
PASSWORD_CHECK_PWN = false

[service]
DISABLE_REGISTRATION = true

[indexer]
ISSUE_INDEXER_TYPE = db

[picture]
DISABLE_GRAVATAR = true

[cron.update_checker]
ENABLED = false

[actions]
ENABLED = false

[packages]
ENABLED = false

[log]
MODE = console
LEVEL = info
`, port, g.URL, static, g.path("gitea.db"), g.path("repositories")), "\n")
}
