package forge

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

func (d *double) gitea(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	const repo = "/repos/acme/docs"
	mux.HandleFunc("GET "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		cs, next := d.page(r, "limit", func(*change) bool { return true })
		link(w, r, next)
		answer(w, 200, objects(cs, giteaPull))
	})
	mux.HandleFunc("POST "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		in := read(r)
		switch {
		case d.isOpen(text(in["head"]), text(in["base"])):
			answer(w, 409, object{"message": "pull request already exists for these targets [id: 3, issue_id: 5, head_repo_id: 1, base_repo_id: 1, head_branch: x, base_branch: main]", "url": "https://forge.test/api/swagger"})
		case text(in["base"]) == "nowhere":
			answer(w, 404, object{"message": "not found", "url": "https://forge.test/api/swagger"}) // as 1.25 says
		default:
			d.created++
			title, draft := strings.CutPrefix(text(in["title"]), "WIP: ")
			d.add(&change{title: title, body: text(in["body"]), head: text(in["head"]), base: text(in["base"]), draft: draft})
			answer(w, 201, giteaPull(d.changes[len(d.changes)-1]))
		}
	})
	mux.HandleFunc("PATCH "+repo+"/pulls/{number}", func(w http.ResponseWriter, r *http.Request) {
		c := d.change(r.PathValue("number"))
		if c == nil {
			giteaNotFound(w)
			return
		}
		in := read(r)
		if title := text(in["title"]); title != "" {
			c.title = title
		}
		if body, ok := in["body"].(string); ok {
			c.body = body
		}
		if text(in["state"]) == "closed" {
			c.state = "closed"
		}
		answer(w, 201, giteaPull(c))
	})
	mux.HandleFunc("GET "+repo+"/labels", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, objects(d.labels, d.giteaLabel))
	})
	mux.HandleFunc("POST "+repo+"/labels", func(w http.ResponseWriter, r *http.Request) {
		if d.noLabels {
			answer(w, 403, object{"message": "user should have a permission to write to the target branch", "url": "https://forge.test/api/swagger"})
			return
		}
		name := text(read(r)["name"])
		d.labels = append(d.labels, name)
		answer(w, 201, d.giteaLabel(name))
	})
	mux.HandleFunc("POST "+repo+"/issues/{number}/labels", func(w http.ResponseWriter, r *http.Request) {
		c := d.change(r.PathValue("number"))
		ids, _ := read(r)["labels"].([]any)
		for _, id := range ids {
			c.labels = append(c.labels, d.labels[int(id.(float64))-1])
		}
		answer(w, 200, objects(c.labels, d.giteaLabel))
	})
	mux.HandleFunc("POST "+repo+"/pulls/{number}/requested_reviewers", func(w http.ResponseWriter, r *http.Request) {
		in := read(r)
		users, teams := texts(in["reviewers"]), texts(in["team_reviewers"])
		if unknown := append(subtract(users, d.users), subtract(teams, d.teams)...); len(unknown) > 0 {
			answer(w, 404, object{"message": "User '" + unknown[0] + "' not exist", "url": "https://forge.test/api/swagger"})
			return
		}
		c := d.change(r.PathValue("number"))
		c.users, c.teams = append(c.users, users...), append(c.teams, teams...)
		answer(w, 201, []object{})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { giteaNotFound(w) })

	writes := r.Method != http.MethodGet
	switch {
	case strings.HasSuffix(r.URL.Path, "/api/v1/version"):
		answer(w, 200, object{"version": "1.25.2"})
	case r.Header.Get("Authorization") != "token "+secret:
		answer(w, 401, object{"message": "invalid username, password or token", "url": "https://forge.test/api/swagger"})
	case d.gone:
		giteaNotFound(w)
	case writes && d.noScope:
		answer(w, 403, object{"message": "token does not have at least one of required scope(s), required=[write:repository], token scope=read:user", "url": "https://forge.test/api/swagger"})
	case writes && d.archived:
		answer(w, 423, object{"message": "acme/docs is archived", "url": "https://forge.test/api/swagger"})
	case writes && d.readOnly:
		answer(w, 403, object{"message": "user should have a permission to write to a repo", "url": "https://forge.test/api/swagger"})
	default:
		http.StripPrefix(strings.TrimSuffix(r.URL.Path, afterAPI(r.URL.Path, "/api/v1")), mux).ServeHTTP(w, r)
	}
}

func giteaNotFound(w http.ResponseWriter) {
	answer(w, 404, object{"errors": []string{}, "message": "The target couldn't be found.", "url": "https://forge.test/api/swagger"})
}

func (d *double) giteaLabel(name string) object {
	return object{"id": slices.Index(d.labels, name) + 1, "name": name, "color": "d4c5f9"}
}

func giteaPull(c *change) object {
	title := c.title
	if c.draft {
		title = "WIP: " + title
	}
	from := object{"label": c.head, "ref": c.head, "sha": "e5bd3914", "repo_id": 1}
	if c.fork {
		from["repo_id"] = 99
	}
	if c.branchDeletedSince {
		from["ref"] = "refs/pull/" + itoa(c.number) + "/head"
	}
	pull := object{
		"id": 50 + c.number, "number": c.number, "title": title, "body": c.body, "state": "open", "draft": c.draft, "merged": c.state == "merged",
		"html_url": "https://forge.test/acme/docs/pulls/" + itoa(c.number), "head": from,
		"base":       object{"label": c.base, "ref": c.base, "sha": "6dcb09b5", "repo_id": 1},
		"created_at": "2026-11-22T20:01:00Z", "merge_base": "6dcb09b5",
	}
	if c.state != "open" {
		pull["state"] = "closed"
	}
	return pull
}
