package forge

import (
	"net/http"
	"strings"
)

func (d *double) github(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	const repo = "/repos/acme/docs"
	mux.HandleFunc("GET "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		_, branch, _ := strings.Cut(r.URL.Query().Get("head"), ":")
		cs, next := d.page(r, "per_page", func(c *change) bool { return c.head == branch })
		link(w, r, next)
		answer(w, 200, objects(cs, githubPull))
	})
	mux.HandleFunc("POST "+repo+"/pulls", func(w http.ResponseWriter, r *http.Request) {
		in := read(r)
		draft, _ := in["draft"].(bool)
		invalid := func(message string) {
			answer(w, 422, object{"message": "Validation Failed", "errors": []object{{"resource": "PullRequest", "code": "custom", "message": message}}, "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request", "status": "422"})
		}
		switch {
		case draft && d.noDrafts:
			answer(w, 422, object{"message": "Draft pull requests are not supported in this repository.", "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request", "status": "422"})
		case d.isOpen(text(in["head"]), text(in["base"])):
			invalid("A pull request already exists for acme:" + text(in["head"]) + ".")
		case text(in["base"]) == "nowhere":
			answer(w, 422, object{"message": "Validation Failed", "errors": []object{{"resource": "PullRequest", "field": "base", "code": "invalid"}}, "status": "422"})
		default:
			d.created++
			d.add(&change{title: text(in["title"]), body: text(in["body"]), head: text(in["head"]), base: text(in["base"]), draft: draft})
			answer(w, 201, githubPull(d.changes[len(d.changes)-1]))
		}
	})
	mux.HandleFunc("PATCH "+repo+"/pulls/{number}", func(w http.ResponseWriter, r *http.Request) {
		c := d.change(r.PathValue("number"))
		if c == nil {
			githubNotFound(w)
			return
		}
		in := read(r)
		if body, ok := in["body"].(string); ok {
			c.body = body
		}
		if title, ok := in["title"].(string); ok {
			c.title = title
		}
		answer(w, 200, githubPull(c))
	})
	mux.HandleFunc("POST "+repo+"/issues/{number}/labels", func(w http.ResponseWriter, r *http.Request) {
		if d.noLabels {
			answer(w, 403, object{"message": "You must have triage access to acme/docs to label issues.", "status": "403"})
			return
		}
		c := d.change(r.PathValue("number"))
		c.labels = append(c.labels, texts(read(r)["labels"])...)
		answer(w, 200, objects(c.labels, func(name string) object { return object{"id": 208045946, "name": name, "color": "ededed"} }))
	})
	mux.HandleFunc("POST "+repo+"/pulls/{number}/requested_reviewers", func(w http.ResponseWriter, r *http.Request) {
		in := read(r)
		users, teams := texts(in["reviewers"]), texts(in["team_reviewers"])
		if len(subtract(users, d.users))+len(subtract(teams, d.teams)) > 0 {
			answer(w, 422, object{"message": "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the acme/docs repository.", "documentation_url": "https://docs.github.com/rest/pulls/review-requests#request-reviewers-for-a-pull-request", "status": "422"})
			return
		}
		c := d.change(r.PathValue("number"))
		c.users, c.teams = append(c.users, users...), append(c.teams, teams...)
		answer(w, 201, githubPull(c))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { githubNotFound(w) })

	w.Header().Set("X-Github-Request-Id", "E0A1:2F:1234:5678:6741")
	w.Header().Set("X-Oauth-Scopes", "repo")
	writes := r.Method != http.MethodGet
	switch {
	case strings.HasSuffix(r.URL.Path, "/api/v3/meta"):
		answer(w, 200, object{"verifiable_password_authentication": true, "installed_version": "3.17.1"})
	case r.Header.Get("Authorization") != "Bearer "+secret:
		answer(w, 401, object{"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"})
	case d.gone:
		githubNotFound(w)
	case writes && d.noScope:
		w.Header().Set("X-Oauth-Scopes", "read:org, gist")
		w.Header().Set("X-Accepted-Oauth-Scopes", "public_repo, repo")
		githubNotFound(w)
	case writes && d.archived:
		answer(w, 403, object{"message": "Repository was archived so is read-only.", "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request", "status": "403"})
	case writes && d.readOnly:
		answer(w, 403, object{"message": "Must have write access to the repository.", "status": "403"})
	default:
		http.StripPrefix(strings.TrimSuffix(r.URL.Path, afterAPI(r.URL.Path, "/api/v3")), mux).ServeHTTP(w, r)
	}
}

func afterAPI(path, suffix string) string {
	if _, after, ok := strings.Cut(path, suffix); ok {
		return after
	}
	return path
}

func githubNotFound(w http.ResponseWriter) {
	answer(w, 404, object{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
}

func githubPull(c *change) object {
	base := object{"label": "acme:" + c.base, "ref": c.base, "sha": "6dcb09b5", "repo": object{"id": 1296269, "full_name": "acme/docs"}}
	from := object{"label": "acme:" + c.head, "ref": c.head, "sha": "e5bd3914", "repo": object{"id": 1296269, "full_name": "acme/docs"}}
	if c.fork {
		from["repo"] = object{"id": 99, "full_name": "acme/docs-fork"}
	}
	pull := object{
		"number": c.number, "html_url": "https://forge.test/acme/docs/pull/" + itoa(c.number), "state": "open", "title": c.title, "body": c.body,
		"head": from, "base": base, "draft": c.draft, "merged_at": nil, "created_at": "2026-11-22T20:01:00Z", "user": object{"login": "debrief-bot"},
	}
	if c.state != "open" {
		pull["state"] = "closed"
	}
	if c.state == "merged" {
		pull["merged_at"] = "2026-11-22T21:00:00Z"
	}
	return pull
}
